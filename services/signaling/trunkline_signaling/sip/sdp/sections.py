"""Lines in their order: the session part, and each media description (RFC 8866 section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..errors import MalformedValue
from ..grammar import parse_uint
from .values import Crypto, Direction, RtpMap, address_type

# Where a line goes that the description does not have yet (RFC 8866 section 5).
_ORDER: Final = "vosiuepcbtrzkma"
_DIRECTIONS: Final = {f"a={direction}": direction for direction in Direction}


@dataclass(slots=True)
class Section:
    """The lines of the session part or of one media description, in their order."""

    lines: list[str]
    """`type=value` each, as they came."""

    def first(self, type_: str) -> str | None:
        """Return the value of the first line of a type."""
        for line in self.lines:
            if line[0] == type_:
                return line[2:]
        return None

    def replace(self, type_: str, value: str) -> None:
        """Put `value` into the first line of a type, or add one where it belongs."""
        new = f"{type_}={value}"
        for index, line in enumerate(self.lines):
            if line[0] == type_:
                self.lines[index] = new
                return
        self._insert(new)

    def _insert(self, new: str) -> None:
        place = _ORDER.index(new[0])
        behind = [n for n, line in enumerate(self.lines) if _ORDER.find(line[0]) <= place]
        self.lines.insert(behind[-1] + 1 if behind else 0, new)

    def attributes(self, name: str) -> list[str]:
        """Return the values of all `a=name:value` lines."""
        start = f"a={name}:"
        return [line[len(start) :] for line in self.lines if line.startswith(start)]

    def attribute(self, name: str) -> str | None:
        """Return the value of the first `a=name:value`; None if there is none."""
        return next(iter(self.attributes(name)), None)

    def has_attribute(self, name: str) -> bool:
        """Tell whether `a=name` or `a=name:value` is there."""
        alone, valued = f"a={name}", f"a={name}:"
        return any(line == alone or line.startswith(valued) for line in self.lines)

    def add_attribute(self, name: str, value: object = None) -> None:
        """Add `a=name:value` as the last line."""
        self.lines.append(f"a={name}" if value is None else f"a={name}:{value}")

    def remove_attributes(self, *names: str) -> None:
        """Remove every `a=` line of these names."""
        self.lines = [
            line for line in self.lines if line[0] != "a" or line[2:].partition(":")[0] not in names
        ]

    def set_attribute(self, name: str, value: object = None) -> None:
        """Remove the attribute wherever it is and add it once."""
        self.remove_attributes(name)
        self.add_attribute(name, value)

    @property
    def connection(self) -> str | None:
        """The address of `c=`, without a TTL behind it; None if this part has no `c=`."""
        value = self.first("c")
        if value is None:
            return None
        parts = value.split()
        if len(parts) != 3:
            raise MalformedValue("network, address type and address in c=", value)
        return parts[2].partition("/")[0]

    @connection.setter
    def connection(self, address: str) -> None:
        self.replace("c", f"IN {address_type(address)} {address}")

    @property
    def direction(self) -> Direction | None:
        """The direction attribute of this part, if it has one."""
        for line in self.lines:
            if line in _DIRECTIONS:
                return _DIRECTIONS[line]
        return None

    @direction.setter
    def direction(self, direction: Direction) -> None:
        self.remove_attributes(*Direction)
        self.add_attribute(direction)

    @property
    def crypto(self) -> list[Crypto]:
        """The SRTP keys offered."""
        return [Crypto.parse(value) for value in self.attributes("crypto")]


@dataclass(slots=True)
class MediaDescription(Section):
    """One `m=` line and what belongs to it (section 5.14)."""

    media: str
    """`audio`, `video`, `image`, ..."""
    port: int
    """0 means that the stream is refused or over (RFC 3264 section 6)."""
    ports: int
    """How many pairs of ports from this one on; 1 nearly always."""
    protocol: str
    """`RTP/AVP`, `RTP/SAVP`, `udptl`, ..."""
    formats: list[str]
    """Payload types or other formats, most wanted first."""

    @classmethod
    def parse(cls, text: str) -> MediaDescription:
        """Parse the value of an `m=` line, and the lines below it. Raises `MalformedValue`."""
        heading, *lines = text.split("\n")
        fields = heading.split()
        if len(fields) < 4:
            raise MalformedValue("media, port, protocol and formats", heading)
        media, place, protocol, *formats = fields
        port, slash, ports = place.partition("/")
        number = parse_uint(ports, 65535, "a number of ports") if slash else 1
        return cls(lines, media, parse_uint(port, 65535, "a port"), number, protocol, formats)

    def move(self, port: int) -> None:
        """Expect the media at one port; 0 refuses it."""
        self.port, self.ports = port, 1

    @property
    def rtpmaps(self) -> dict[int, RtpMap]:
        """The `rtpmap` attributes by payload type."""
        maps = map(RtpMap.parse, self.attributes("rtpmap"))
        return {rtpmap.payload_type: rtpmap for rtpmap in maps}

    @property
    def fmtps(self) -> dict[str, str]:
        """The `fmtp` attributes by format."""
        pairs = (value.strip().partition(" ") for value in self.attributes("fmtp"))
        return {fmt: params.strip() for fmt, _, params in pairs}

    @property
    def ptime(self) -> int | None:
        """Milliseconds of media in a packet."""
        value = self.attribute("ptime")
        return None if value is None else parse_uint(value.strip(), expected="milliseconds")

    @property
    def rtcp_port(self) -> int:
        """The port of `a=rtcp` (RFC 3605), or the one above the media port."""
        value = self.attribute("rtcp")
        if value is None:
            return self.port + 1
        return parse_uint(value.split()[0] if value.strip() else value, 65535, "a port")

    def __str__(self) -> str:
        place = f"{self.port}/{self.ports}" if self.ports != 1 else self.port
        return f"{self.media} {place} {self.protocol} {' '.join(self.formats)}"
