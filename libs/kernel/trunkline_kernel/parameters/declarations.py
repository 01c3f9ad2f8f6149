"""Parameters: named, typed, ranged settings that may change while a service runs (MGT-01).

Each is declared once, as a value, in the service that obeys it. A declaration reads what operators
write, says what it permits, and spells values in one way. Spec 0.4 fixes how bad input fails.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from ..faults import FieldViolation, InvalidArgument

T = TypeVar("T")
ItemT = TypeVar("ItemT")

TRUE_WORDS: Final = frozenset({"on", "true", "1"})
FALSE_WORDS: Final = frozenset({"off", "false", "0"})


class ParameterKind(StrEnum):
    """What kind of value a parameter takes."""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    ENUM = "enum"
    LIST = "list"
    STRING = "string"
    INTEGER_OR_WORD = "integer_or_word"
    HEX_BYTE = "hex_byte"


class BadParameterValue(InvalidArgument):
    """A parameter takes no such value."""

    reason = "BAD_PARAMETER_VALUE"

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(violations=[FieldViolation(name, expected)])


@dataclass(frozen=True, kw_only=True)
class Parameter(Generic[T]):
    """What every declaration has. `T` is the type of its value in code."""

    name: str = field(kw_only=False)
    default: T
    meaning: str
    scope: str = ""
    unit: str = ""
    aliases: tuple[str, ...] = ()
    secret: bool = False

    kind: ParameterKind = ParameterKind.STRING

    def __post_init__(self) -> None:
        self.parse(self.spell(self.default))

    @property
    def range(self) -> str:
        """Return what is permitted, for people: "60-86400"."""
        return ""

    @property
    def options(self) -> tuple[str, ...]:
        """Return the words it takes."""
        return ()

    def parse(self, text: str) -> T:
        """Return the value that `text` spells. Raises `BadParameterValue` with the range."""
        raise NotImplementedError

    def spell(self, value: T) -> str:
        """Return the one spelling in which `value` is stored."""
        return str(value)

    def _refuse(self, expected: str) -> BadParameterValue:
        return BadParameterValue(self.name, expected)


@dataclass(frozen=True, kw_only=True)
class _Ranged(Parameter[T]):
    minimum: int
    maximum: int

    def _number(self, text: str, expected: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise self._refuse(expected) from None
        if not self.minimum <= number <= self.maximum:
            raise self._refuse(expected)
        return number


@dataclass(frozen=True, kw_only=True)
class IntParameter(_Ranged[int]):
    """A whole number in a range."""

    kind: ParameterKind = ParameterKind.INTEGER

    @property
    def range(self) -> str:
        """Return the range, "60-86400"."""
        return f"{self.minimum}-{self.maximum}"

    def parse(self, text: str) -> int:
        """Return the number."""
        return self._number(text, f"must be a whole number in {self.range}")


@dataclass(frozen=True, kw_only=True)
class IntOrWordParameter(_Ranged[int | None]):
    """A whole number in a range, or a word that stands for no number: None in code."""

    word: str
    kind: ParameterKind = ParameterKind.INTEGER_OR_WORD

    @property
    def range(self) -> str:
        """Return the range, "None|1-999"."""
        return f"{self.word}|{self.minimum}-{self.maximum}"

    @property
    def options(self) -> tuple[str, ...]:
        """Return the word."""
        return (self.word,)

    def parse(self, text: str) -> int | None:
        """Return the number, or None for the word."""
        if text.lower() == self.word.lower():
            return None
        return self._number(
            text, f"must be {self.word} or a whole number in {self.minimum}-{self.maximum}"
        )

    def spell(self, value: int | None) -> str:
        """Return the number or the word."""
        return self.word if value is None else str(value)


@dataclass(frozen=True, kw_only=True)
class BoolParameter(Parameter[bool]):
    """On or Off."""

    kind: ParameterKind = ParameterKind.BOOLEAN

    @property
    def range(self) -> str:
        """Return both words."""
        return "On|Off"

    @property
    def options(self) -> tuple[str, ...]:
        """Return both words."""
        return ("On", "Off")

    def parse(self, text: str) -> bool:
        """Return the truth of On/Off, true/false or 1/0 in any case."""
        word = text.lower()
        if word in TRUE_WORDS or word in FALSE_WORDS:
            return word in TRUE_WORDS
        raise self._refuse("must be On or Off")

    def spell(self, value: bool) -> str:
        """Return On or Off."""
        return "On" if value else "Off"


@dataclass(frozen=True, kw_only=True)
class EnumParameter(Parameter[str]):
    """One of some words."""

    words: tuple[str, ...]
    kind: ParameterKind = ParameterKind.ENUM

    @property
    def range(self) -> str:
        """Return the words, "Ignore|Id|None"."""
        return "|".join(self.words)

    @property
    def options(self) -> tuple[str, ...]:
        """Return the words."""
        return self.words

    def parse(self, text: str) -> str:
        """Return the word as it was declared. Case does not matter."""
        for word in self.words:
            if word.lower() == text.lower():
                return word
        raise self._refuse(f"must be one of {', '.join(self.words)}")


@dataclass(frozen=True, kw_only=True)
class StringParameter(Parameter[str]):
    """Text, of a form when there is a pattern or a check."""

    pattern: str = ""
    """Regular expression that the whole text must match."""
    expected: str = ""
    """What the pattern or check asks for, for people: "FIRST-LAST, even to odd"."""
    check: Callable[[str], object] | None = None
    """Raises `ValueError` for a text that will not do."""
    maximum_length: int = 1024

    @property
    def range(self) -> str:
        """Return what the text must look like."""
        return self.expected

    def parse(self, text: str) -> str:
        """Return the text."""
        if len(text) > self.maximum_length:
            raise self._refuse(f"must be at most {self.maximum_length} characters")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise self._refuse(f"must be {self.expected or self.pattern}")
        if self.check is not None:
            try:
                self.check(text)
            except ValueError as error:
                raise self._refuse(
                    f"must be {self.expected}" if self.expected else str(error)
                ) from error
        return text


@dataclass(frozen=True, kw_only=True)
class ListParameter(Parameter[tuple[ItemT, ...]]):
    """Items with commas between them."""

    item: Callable[[str], ItemT]
    """Returns the item that a text spells. Raises `ValueError`."""
    expected: str = ""
    """What an item must be, for people: "0.1-32"."""
    check: Callable[[ItemT], bool] | None = None
    """Whether an item will do."""
    kind: ParameterKind = ParameterKind.LIST

    @property
    def range(self) -> str:
        """Return what an item must be."""
        return self.expected

    def parse(self, text: str) -> tuple[ItemT, ...]:
        """Return the items. Spaces around them do not count; an empty text has none."""
        if not text.strip():
            return ()
        return tuple(self._item(part.strip()) for part in text.split(","))

    def spell(self, value: tuple[ItemT, ...]) -> str:
        """Return the items with commas between them."""
        return ",".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)

    def _item(self, text: str) -> ItemT:
        try:
            item = self.item(text)
        except ValueError:
            item = None
        if item is None or (self.check is not None and not self.check(item)):
            raise self._refuse(f"item {text!r} must be {self.expected or 'valid'}")
        return item


@dataclass(frozen=True, kw_only=True)
class HexByteParameter(Parameter[int]):
    """A byte, "0xa0"."""

    kind: ParameterKind = ParameterKind.HEX_BYTE

    @property
    def range(self) -> str:
        """Return the range."""
        return "0x00-0xff"

    def parse(self, text: str) -> int:
        """Return the byte."""
        if not re.fullmatch("0[xX][0-9a-fA-F]{1,2}", text):
            raise self._refuse("must be a byte in 0x00-0xff")
        return int(text, 16)

    def spell(self, value: int) -> str:
        """Return two hexadecimal digits."""
        return f"0x{value:02x}"


AnyParameter = Parameter[Any]
