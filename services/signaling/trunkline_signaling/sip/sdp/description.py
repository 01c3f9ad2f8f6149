"""A whole description: from bytes and back, with the questions that span its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ..errors import MalformedValue
from .sections import Line, MediaDescription, Section
from .values import Direction, Origin

_MAX_LINES: Final = 1000


@dataclass(slots=True)
class SessionDescription(Section):
    """A whole description: the session part and its media."""

    media: list[MediaDescription] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> SessionDescription:
        """Parse a description, with CRLF or LF between lines. Raises `MalformedValue`."""
        session = cls([])
        section: Section = session
        for line in _lines(data.decode("utf-8", "surrogateescape")):
            if line.type == "m":
                section = MediaDescription.parse(line.value)
                session.media.append(section)
            else:
                section.lines.append(line)
        if session.first("v") != "0":
            raise MalformedValue("v=0", session.first("v") or "none")
        _ = session.origin
        return session

    def encode(self) -> bytes:
        """Print the description."""
        lines = self.lines.copy()
        for media in self.media:
            lines.append(Line("m", str(media)))
            lines += media.lines
        text = "".join([f"{type_}={value}\r\n" for type_, value in lines])
        return text.encode("utf-8", "surrogateescape")

    @property
    def origin(self) -> Origin:
        """The `o=` line."""
        return Origin.parse(self.first("o") or "")

    @origin.setter
    def origin(self, origin: Origin) -> None:
        self.replace("o", str(origin))

    @property
    def audio(self) -> MediaDescription | None:
        """The first audio stream that isn't refused."""
        return next((m for m in self.media if m.media == "audio" and m.port), None)

    def address_of(self, media: MediaDescription) -> str:
        """Return the address media is expected at: its own `c=`, or the session's."""
        address = media.connection or self.connection
        if address is None:
            raise MalformedValue("a c= line", "none")
        return address

    def direction_of(self, media: MediaDescription) -> Direction:
        """Return the direction of a stream: its own, the session's, or `sendrecv`."""
        return media.direction or self.direction or Direction.SENDRECV

    def relocate(self, address: str) -> None:
        """Make every `c=` say `address`, as a media relay needs it."""
        sections: list[Section] = [self, *self.media]
        for section in sections:
            if section.first("c") is not None:
                section.connection = address


def _lines(text: str) -> list[Line]:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise MalformedValue(f"at most {_MAX_LINES} lines", f"{len(lines)} lines")
    return [_line(line) for line in lines]


def _line(text: str) -> Line:
    type_, equals, value = text.partition("=")
    if len(type_) != 1 or not equals or "\r" in value:
        raise MalformedValue("type=value", text.partition(":")[0])  # keys may be behind it
    return Line(type_, value)
