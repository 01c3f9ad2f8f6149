"""A whole description: from bytes and back, with the questions that span its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ..errors import MalformedValue
from .sections import Line, MediaDescription, Section
from .values import Direction, Origin, address_type

_MAX_LINES: Final = 1000


@dataclass(slots=True)
class SessionDescription(Section):
    """A whole description: the session part and its media."""

    media: list[MediaDescription] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> SessionDescription:
        """Parse a description, with CRLF or LF between lines. Raises `MalformedValue`."""
        text = data.decode("utf-8", "surrogateescape")
        session = cls([])
        section: Section = session
        for line in _lines(text):
            if line.type == "m":
                section = MediaDescription([])
                session.media.append(section)
            section.lines.append(line)
        session._check()
        return session

    def _check(self) -> None:
        if self.first("v") != "0":
            raise MalformedValue("v=0", self.first("v") or "none")
        _ = self.origin
        for media in self.media:
            if len(media.formats) < 1:
                raise MalformedValue("media, port, protocol and formats", media.first("m") or "")
            _ = media.port

    def encode(self) -> bytes:
        """Print the description."""
        sections: list[Section] = [self, *self.media]
        text = "".join(f"{line.type}={line.value}\r\n" for s in sections for line in s.lines)
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
        """Make every `c=` and the origin say `address`, as a media relay needs it."""
        sections: list[Section] = [self, *self.media]
        for section in sections:
            if section.first("c") is not None:
                section.connection = address
        self.origin = replace(self.origin, address=address, address_type=address_type(address))


def _lines(text: str) -> Iterator[Line]:
    lines = text.rstrip("\r\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise MalformedValue(f"at most {_MAX_LINES} lines", f"{len(lines)} lines")
    for line in lines:
        type_, equals, value = line.rstrip("\r").partition("=")
        if len(type_) != 1 or not equals or "\r" in value:
            raise MalformedValue("type=value", line.partition(":")[0])  # keys may be behind it
        yield Line(type_, value)
