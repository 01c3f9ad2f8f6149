"""Documents of numbers: lists that gateways and phones refer to, and the system white list."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints
from trunkline_kernel.digit_sets import encode
from trunkline_kernel.documents import Kind, KindStore, Spec

from ..lists import WhiteList

MAX_DOCUMENT_NUMBERS: Final = 10_000
"""Numbers a document may hold; larger lists are imported, and read without their numbers."""

MAX_WHITE_NUMBERS: Final = 1_000
"""Numbers no list may stop: all of them are published in one step, which calls wait for."""

WHITE_LIST: Final = "SystemWhiteList"
NUMBER_LIST: Final = "NumberList"

Memo = Annotated[str, StringConstraints(max_length=256)]


def _number(text: str) -> str:
    encode(text)
    return text


def _pattern(text: str) -> str:
    encode(text.removesuffix("*"))
    return text


Number = Annotated[str, AfterValidator(_number)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class NumberListSpec(Spec):
    """A black or white list group (AUT-14)."""

    memo: Memo = ""
    numbers: tuple[Number, ...] | None = None
    """Whole numbers, each once. Absent leaves what was imported as it is."""


class WhiteNumber(Spec):
    """A number no list may stop."""

    number: Pattern
    """In full, or its beginning with a `*` behind."""
    memo: Memo = ""


class SystemWhiteListSpec(Spec):
    """The system white list (AUT-15)."""

    numbers: Annotated[tuple[WhiteNumber, ...], Field(max_length=MAX_WHITE_NUMBERS)] = ()

    def compiled(self) -> WhiteList:
        """Return the list in the form that calls ask."""
        return WhiteList(each.number for each in self.numbers)


def list_kinds(store: KindStore[NumberListSpec]) -> list[Kind[Any]]:
    """Return the kinds; number lists are kept by `store`."""
    return [
        Kind(NUMBER_LIST, NumberListSpec, store=store, prepare=_prepare, module="numbers"),
        Kind(WHITE_LIST, SystemWhiteListSpec, singleton=True, module="numbers"),
    ]


def _prepare(name: str, spec: NumberListSpec, stored: NumberListSpec | None) -> NumberListSpec:
    numbers = spec.numbers
    if numbers is None:
        numbers = stored.numbers if stored else ()
    if numbers is not None and len(numbers) > MAX_DOCUMENT_NUMBERS:
        raise ValueError(f"numbers holds more than {MAX_DOCUMENT_NUMBERS}; import them instead")
    if numbers is None:
        return spec
    return spec.model_copy(update={"numbers": tuple(sorted(set(numbers)))})
