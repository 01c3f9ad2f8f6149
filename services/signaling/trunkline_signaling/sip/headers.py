"""The header fields of a message: raw values by name, parsed on demand.

A field nobody asks for is never parsed, and is printed as it came. Those that everybody asks for
are properties and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from .errors import LocalProtocolError, MalformedValue
from .fields import CSeq, MediaType, parse_call_id, parse_max_forwards
from .grammar import split_values
from .header_names import canonical
from .name_addr import NameAddr
from .via import Via

T = TypeVar("T")

# A value of these is one even if it holds a comma; two of them in a message are a defect.
SINGLE_VALUED: Final = frozenset(
    {"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type", "Expires"}
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
        self._parsed: dict[str, Any] = {}
        for name, value in fields:
            self.raw.setdefault(canonical(name), []).append(_printable(name, value))

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
        copied = Headers()
        copied.raw = {name: values.copy() for name, values in self.raw.items()}
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
        self._parsed.pop(name, None)
        if values:
            self.raw[name] = [_printable(name, value) for value in values]
        else:
            self.raw.pop(name, None)

    def add(self, name: str, value: object) -> None:
        """Add a line below the others of its name."""
        name = canonical(name)
        self._parsed.pop(name, None)
        self.raw.setdefault(name, []).append(_printable(name, value))

    def push(self, name: str, value: object) -> None:
        """Add a line above the others of its name, as a Via goes; a new name goes to the top."""
        name = canonical(name)
        self._parsed.pop(name, None)
        if name in self.raw:
            self.raw[name].insert(0, _printable(name, value))
        else:
            self.raw = {name: [_printable(name, value)], **self.raw}

    def replace_topmost(self, name: str, value: object) -> None:
        """Put `value` in the place of the topmost one, be it a line or a part of one."""
        name = canonical(name)
        self._parsed.pop(name, None)
        lines = self.raw[name]
        below = self._split(name, lines[0])[1:] if "," in lines[0] else []
        lines[0] = ", ".join([_printable(name, value), *below])

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
        for name in names:
            self.remove(name)
            values = other.raw.get(canonical(name))
            if values is not None:
                self.raw[canonical(name)] = values.copy()

    def values(self, name: str) -> list[str]:
        """Return all raw values of a field, lines split at their commas."""
        return [v for line in self.raw.get(canonical(name), ()) for v in self._split(name, line)]

    def tokens(self, name: str) -> frozenset[str]:
        """Return all values in lower case: option tags, methods and the like.

        Whatever is no token is among them as it came; tokens hold no comma, not even in quotes.
        """
        lines = self.raw.get(canonical(name), ())
        values = (value.strip() for line in lines for value in line.split(","))
        return frozenset(value.lower() for value in values if value)

    def parse(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return the topmost value, parsed; None if the field is absent.

        Raises `MalformedValue` that names the field.
        """
        line = self.get(name)
        if line is None:
            return None
        if "," in line and canonical(name) not in SINGLE_VALUED:
            line = self._split(name, line)[0]
        return self._apply(name, parse, line)

    def parse_all(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Return all values, parsed and in order. Raises `MalformedValue` that names the field."""
        return tuple(self._apply(name, parse, value) for value in self.values(name))

    def require(self, name: str, parse: Callable[[str], T]) -> T:
        """Return what `parse` returns, or raise `MalformedValue` where the field is absent."""
        value = self.parse(name, parse)
        if value is None:
            raise MalformedValue("this header field", "none", name)
        return value

    @property
    def via(self) -> Via:
        """The topmost Via."""
        found: Via | None = self._parsed.get("Via")
        if found is None:
            found = self._parsed["Via"] = self._first("Via", _parse_topmost_via)
        return found

    @property
    def from_(self) -> NameAddr:
        """From."""
        found: NameAddr | None = self._parsed.get("From")
        if found is None:
            found = self._parsed["From"] = self._first("From", NameAddr.parse)
        return found

    @property
    def to(self) -> NameAddr:
        """To."""
        found: NameAddr | None = self._parsed.get("To")
        if found is None:
            found = self._parsed["To"] = self._first("To", NameAddr.parse)
        return found

    @property
    def call_id(self) -> str:
        """Call-ID."""
        found: str | None = self._parsed.get("Call-ID")
        if found is None:
            found = self._parsed["Call-ID"] = self._first("Call-ID", parse_call_id)
        return found

    @property
    def cseq(self) -> CSeq:
        """CSeq."""
        found: CSeq | None = self._parsed.get("CSeq")
        if found is None:
            found = self._parsed["CSeq"] = self._first("CSeq", CSeq.parse)
        return found

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

    def _first(self, name: str, parse: Callable[[str], T]) -> T:
        """Do what `require` does, for the fields every message needs: as few steps as can be."""
        values = self.raw.get(name)
        if values is None:
            raise MalformedValue("this header field", "none", name)
        try:
            return parse(values[0])
        except MalformedValue as error:
            raise MalformedValue(error.expected, error.found, name) from None

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


def _parse_topmost_via(line: str) -> Via:
    return Via.parse(split_values(line)[0] if "," in line else line)


def _printable(name: str, value: object) -> str:
    text = str(value)
    if "\n" in text or "\r" in text:
        raise LocalProtocolError(f"{name} would hold a line break: {text!r}")
    return text
