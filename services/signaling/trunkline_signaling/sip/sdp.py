"""Session descriptions (RFC 8866, RFC 4566): lines kept as they came, read and rewritten by name.

Offer and answer are policy and live with the calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from .errors import MalformedValue
from .grammar import parse_uint

CONTENT_TYPE: Final = "application/sdp"

# Where a line goes that the description does not have yet (RFC 8866 section 5).
_ORDER: Final = "vosiuepcbtrzkma"
_MAX_LINES: Final = 1000


class Direction(StrEnum):
    """Which way media flows, seen from who sends the description (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def reversed(self) -> Direction:
        """The same flow seen from the other side."""
        return _REVERSED.get(self, self)


_REVERSED: Final = {
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
}
_DIRECTIONS: Final = frozenset(Direction)


class Line(NamedTuple):
    """`type=value`."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the description, and which version of it this is (section 5.2)."""

    username: str
    session_id: int
    version: int
    address: str
    address_type: str = "IP4"

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Parse the value of `o=`."""
        parts = text.split()
        if len(parts) != 6:
            raise MalformedValue("six fields in o=", text)
        user, session_id, version, _, address_type, address = parts
        limit = 10**40  # longer than 64 bits in the field; any decimal will do (RFC 8866 5.2)
        return cls(
            user, parse_uint(session_id, limit), parse_uint(version, limit), address, address_type
        )

    def next_version(self) -> Origin:
        """Return the origin of a changed description of the same session (RFC 3264 section 8)."""
        return replace(self, version=self.version + 1)

    def __str__(self) -> str:
        who = f"{self.username} {self.session_id} {self.version}"
        return f"{who} IN {self.address_type} {self.address}"


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What a payload type means (section 6.6)."""

    payload_type: int
    encoding: str
    clock_rate: int
    channels: int = 1

    @classmethod
    def parse(cls, text: str) -> RtpMap:
        """Parse `8 PCMA/8000`."""
        payload_type, _, codec = text.strip().partition(" ")
        parts = codec.strip().split("/")
        if len(parts) not in (2, 3) or not parts[0]:
            raise MalformedValue("payload type, encoding and clock rate", text)
        return cls(
            parse_uint(payload_type, 127, "a payload type"),
            parts[0],
            parse_uint(parts[1], expected="a clock rate"),
            parse_uint(parts[2], 255, "channels") if len(parts) == 3 else 1,
        )

    def __str__(self) -> str:
        channels = f"/{self.channels}" if self.channels != 1 else ""
        return f"{self.payload_type} {self.encoding}/{self.clock_rate}{channels}"


@dataclass(frozen=True, slots=True)
class Crypto:
    """An SRTP key offered in the description (RFC 4568 section 4)."""

    tag: int
    suite: str
    key_params: str
    session_params: str = ""

    @classmethod
    def parse(cls, text: str) -> Crypto:
        """Parse `1 AES_CM_128_HMAC_SHA1_80 inline:...`."""
        parts = text.split(None, 3)
        if len(parts) < 3:
            raise MalformedValue("tag, suite and key", "a=crypto")  # the key itself is a secret
        tag = parse_uint(parts[0], 999_999_999, "a tag")
        return cls(tag, parts[1], parts[2], parts[3] if len(parts) == 4 else "")

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} {self.key_params} {self.session_params}".rstrip()


@dataclass(slots=True)
class Section:
    """The lines of the session part or of one media description, in their order."""

    lines: list[Line]

    def first(self, type_: str) -> str | None:
        """Return the value of the first line of a type."""
        return next((line.value for line in self.lines if line.type == type_), None)

    def replace(self, type_: str, value: str) -> None:
        """Put `value` into the first line of a type, or add one where it belongs."""
        for index, line in enumerate(self.lines):
            if line.type == type_:
                self.lines[index] = Line(type_, value)
                return
        self._insert(Line(type_, value))

    def _insert(self, new: Line) -> None:
        place = _ORDER.index(new.type)
        behind = [n for n, line in enumerate(self.lines) if _ORDER.find(line.type) <= place]
        # In a media description m= stands first whatever follows.
        self.lines.insert(behind[-1] + 1 if behind else min(1, len(self.lines)), new)

    def attributes(self, name: str) -> list[str]:
        """Return the values of all `a=name:value` lines."""
        prefix = f"{name}:"
        return [
            line.value[len(prefix) :]
            for line in self.lines
            if line.type == "a" and line.value.startswith(prefix)
        ]

    def attribute(self, name: str) -> str | None:
        """Return the value of the first `a=name:value`; None if there is none."""
        return next(iter(self.attributes(name)), None)

    def has_attribute(self, name: str) -> bool:
        """Tell whether `a=name` or `a=name:value` is there."""
        return any(_attribute_name(line) == name for line in self.lines)

    def add_attribute(self, name: str, value: object = None) -> None:
        """Add `a=name:value` as the last line."""
        self.lines.append(Line("a", name if value is None else f"{name}:{value}"))

    def remove_attributes(self, *names: str) -> None:
        """Remove every `a=` line of these names."""
        self.lines = [line for line in self.lines if _attribute_name(line) not in names]

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
            if line.type == "a" and line.value in _DIRECTIONS:
                return Direction(line.value)
        return None

    @direction.setter
    def direction(self, direction: Direction) -> None:
        self.remove_attributes(*_DIRECTIONS)
        self.add_attribute(direction)

    @property
    def crypto(self) -> list[Crypto]:
        """The SRTP keys offered."""
        return [Crypto.parse(value) for value in self.attributes("crypto")]


@dataclass(slots=True)
class MediaDescription(Section):
    """One `m=` line and what belongs to it."""

    @property
    def _fields(self) -> list[str]:
        return (self.first("m") or "").split()

    @property
    def media(self) -> str:
        """`audio`, `video`, `image`, ..."""
        return self._fields[0]

    @property
    def port(self) -> int:
        """The port; 0 means that the stream is refused or over (RFC 3264 section 6)."""
        return parse_uint(self._fields[1].partition("/")[0], 65535, "a port")

    @port.setter
    def port(self, port: int) -> None:
        media, _, *rest = self._fields
        self.replace("m", " ".join([media, str(port), *rest]))

    @property
    def protocol(self) -> str:
        """`RTP/AVP`, `RTP/SAVP`, `udptl`, ..."""
        return self._fields[2]

    @protocol.setter
    def protocol(self, protocol: str) -> None:
        media, port, _, *formats = self._fields
        self.replace("m", " ".join([media, port, protocol, *formats]))

    @property
    def formats(self) -> list[str]:
        """Payload types or other formats, most wanted first."""
        return self._fields[3:]

    @formats.setter
    def formats(self, formats: list[str]) -> None:
        self.replace("m", " ".join([*self._fields[:3], *formats]))

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


def address_type(address: str) -> str:
    """Return `IP4` or `IP6` for an address or host name."""
    return "IP6" if ":" in address else "IP4"


def _lines(text: str) -> Iterator[Line]:
    lines = text.rstrip("\r\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise MalformedValue(f"at most {_MAX_LINES} lines", f"{len(lines)} lines")
    for line in lines:
        type_, equals, value = line.rstrip("\r").partition("=")
        if len(type_) != 1 or not equals or "\r" in value:
            raise MalformedValue("type=value", line)
        yield Line(type_, value)


def _attribute_name(line: Line) -> str | None:
    return line.value.partition(":")[0] if line.type == "a" else None
