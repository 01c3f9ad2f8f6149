"""The header fields of a message: raw values by name, parsed on demand and remembered.

A field nobody asks for is never parsed, and is printed as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar, cast

from .errors import LocalProtocolError, MalformedValue
from .fields import CSeq, MediaType, parse_call_id, parse_max_forwards
from .grammar import split_values
from .header_names import canonical
from .name_addr import NameAddr
from .via import Via

T = TypeVar("T")

# A value of these is one even if it holds a comma; two of them in a message are a defect.
SINGLE_VALUED: Final = (
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Type",
    "Expires",
)


class Headers:
    """Header fields in the order in which their names first appeared.

    Names may be given in any spelling; `canonical` spellings are quickest.
    """

    __slots__ = ("_parsed", "raw")

    raw: dict[str, list[str]]
    """Values by canonical name, one for each line. The parser fills it; others use the methods."""

    def __init__(self, fields: Iterable[tuple[str, object]] = ()) -> None:
        self.raw = {}
        self._parsed: dict[tuple[str, object], object] = {}
        for name, value in fields:
            self.add(name, value)

    @classmethod
    def _adopt(cls, raw: dict[str, list[str]]) -> Headers:
        headers = cls.__new__(cls)
        headers.raw = raw
        headers._parsed = {}
        return headers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.raw == other.raw

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Headers({list(self.items())!r})"

    def __contains__(self, name: str) -> bool:
        return canonical(name) in self.raw

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield every line as name and raw value."""
        return ((name, value) for name, values in self.raw.items() for value in values)

    def copy(self) -> Headers:
        """Return headers that can be changed without changing these."""
        copied = Headers._adopt({name: values.copy() for name, values in self.raw.items()})
        copied._parsed = self._parsed.copy()
        return copied

    def get(self, name: str) -> str | None:
        """Return the first raw value of a field, or None."""
        values = self.raw.get(name) or self.raw.get(canonical(name))
        return values[0] if values else None

    def lines(self, name: str) -> list[str]:
        """Return the raw values of a field, one for each line; commas are not split."""
        return list(self.raw.get(canonical(name), ()))

    def set(self, name: str, *values: object) -> None:
        """Replace a field by these values, one line each; with none, remove it."""
        name = canonical(name)
        self._forget(name)
        if values:
            self.raw[name] = [_printable(name, value) for value in values]
        else:
            self.raw.pop(name, None)

    def add(self, name: str, value: object) -> None:
        """Add a line below the others of its name."""
        name = canonical(name)
        self._forget(name)
        self.raw.setdefault(name, []).append(_printable(name, value))

    def push(self, name: str, value: object) -> None:
        """Add a line above the others of its name, as a Via goes; a new name goes to the top."""
        name = canonical(name)
        self._forget(name)
        if name in self.raw:
            self.raw[name].insert(0, _printable(name, value))
        else:
            self.raw = {name: [_printable(name, value)], **self.raw}

    def replace_topmost(self, name: str, value: object) -> None:
        """Put `value` in the place of the topmost one, be it a line or a part of one."""
        name = canonical(name)
        values = self.raw[name].copy()
        values[:1] = [str(value), *self._split(name, values[0])[1:]]
        self.set(name, *values)

    def pop(self, name: str) -> None:
        """Remove the topmost value of a field, be it a line or a part of one."""
        name = canonical(name)
        values = self.values(name)[1:]
        self.set(name, *values)

    def remove(self, name: str) -> None:
        """Remove a field, if it is there."""
        self.set(name)

    def copy_from(self, other: Headers, *names: str) -> None:
        """Take fields of another message over, raw and in place of our own."""
        for name in map(canonical, names):
            self._forget(name)
            if name in other.raw:
                self.raw[name] = other.raw[name].copy()
            else:
                self.raw.pop(name, None)

    def values(self, name: str) -> list[str]:
        """Return all raw values of a field, lines split at their commas."""
        return [v for line in self.raw.get(canonical(name), ()) for v in self._split(name, line)]

    def tokens(self, name: str) -> frozenset[str]:
        """Return all values in lower case: option tags, methods and the like."""
        return self._remember(
            name, "tokens", lambda: frozenset(v.lower() for v in self.values(name) if v)
        )

    def parse(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return the topmost value, parsed; None if the field is absent.

        Raises `MalformedValue` that names the field.
        """
        line = self.get(name)
        if line is None:
            return None

        def topmost() -> T:
            values = [line] if name in SINGLE_VALUED else self._split(name, line)
            return self._apply(name, parse, values[0])

        return self._remember(name, parse, topmost)

    def parse_all(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Return all values, parsed and in order. Raises `MalformedValue` that names the field."""
        if name not in self:
            return ()
        return self._remember(
            name,
            (parse,),
            lambda: tuple(self._apply(name, parse, value) for value in self.values(name)),
        )

    def require(self, name: str, parse: Callable[[str], T]) -> T:
        """Return what `parse` returns, or raise `MalformedValue` where the field is absent."""
        value = self.parse(name, parse)
        if value is None:
            raise MalformedValue("this header field", "none", name)
        return value

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.require("Via", Via.parse)

    @property
    def from_(self) -> NameAddr:
        """From."""
        return self.require("From", NameAddr.parse)

    @property
    def to(self) -> NameAddr:
        """To."""
        return self.require("To", NameAddr.parse)

    @property
    def call_id(self) -> str:
        """Call-ID."""
        return self.require("Call-ID", parse_call_id)

    @property
    def cseq(self) -> CSeq:
        """CSeq."""
        return self.require("CSeq", CSeq.parse)

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, 0 to 255."""
        return self.parse("Max-Forwards", parse_max_forwards)

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact. `Contact: *` is no address: it raises `MalformedValue`."""
        return self.parse("Contact", NameAddr.parse)

    @property
    def content_type(self) -> MediaType | None:
        """Content-Type."""
        return self.parse("Content-Type", MediaType.parse)

    def _split(self, name: str, line: str) -> list[str]:
        try:
            return split_values(line)
        except MalformedValue as error:
            error.header = name
            raise

    def _apply(self, name: str, parse: Callable[[str], T], value: str) -> T:
        try:
            return parse(value)
        except MalformedValue as error:
            raise MalformedValue(error.expected, error.found, name) from None

    def _remember(self, name: str, how: object, make: Callable[[], T]) -> T:
        key = (name, how)
        found = self._parsed.get(key)
        if found is None:
            found = self._parsed[key] = make()
        return cast(T, found)

    def _forget(self, name: str) -> None:
        if self._parsed:
            for key in [key for key in self._parsed if canonical(key[0]) == name]:
                del self._parsed[key]


def _printable(name: str, value: object) -> str:
    text = str(value)
    if "\n" in text or "\r" in text:
        raise LocalProtocolError(f"{name} would hold a line break: {text!r}")
    return text
