"""A whole description: from bytes and back, with the questions that span its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ..errors import MalformedValue
from .sections import MediaDescription, Section
from .values import Direction, Origin

_MAX_LINES: Final = 1000
_BROKEN_LINE: Final = re.compile(r"\n(?![^=\n]=)(?P<name>[^\n:]*)")
"""A line that is no `type=value`; its name ends at the colon, for keys may be behind it."""


@dataclass(slots=True)
class SessionDescription(Section):
    """A whole description: the session part and its media."""

    media: list[MediaDescription] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> SessionDescription:
        """Parse a description, with CRLF or LF between lines. Raises `MalformedValue`."""
        text = "\n" + data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").rstrip("\n")
        _check_lines(text)
        head, *streams = text.split("\nm=")
        session = cls(head.split("\n")[1:], [MediaDescription.parse(stream) for stream in streams])
        if session.first("v") != "0":
            raise MalformedValue("v=0", session.first("v") or "none")
        _ = session.origin
        return session

    def encode(self) -> bytes:
        """Print the description."""
        lines = self.lines.copy()
        for media in self.media:
            lines.append(f"m={media}")
            lines += media.lines
        lines.append("")  # the last line has an end, too
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")

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
        return self.stream("audio")

    def stream(self, media: str) -> MediaDescription | None:
        """Return the first stream of a kind that isn't refused."""
        for stream in self.media:
            if stream.media == media and stream.port:
                return stream
        return None

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


def _check_lines(text: str) -> None:
    """Check lines of which each has its LF before it."""
    if (count := text.count("\n")) > _MAX_LINES:
        raise MalformedValue(f"at most {_MAX_LINES} lines", f"{count} lines")
    if "\r" in text:
        raise MalformedValue("CRLF or LF between lines", "CR")
    if (broken := _BROKEN_LINE.search(text)) is not None:
        raise MalformedValue("type=value", broken["name"])
