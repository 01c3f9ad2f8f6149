"""Payload formats of a stream: read from its m=, rtpmap and fmtp lines, and written there
(RFC 8866 section 6.6, RFC 3551).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ..sip.errors import MalformedValue
from ..sip.sdp import MediaDescription, RtpMap, Section

HIGHEST_PAYLOAD_TYPE: Final = 127
FIRST_DYNAMIC: Final = 96
LONGEST_PACKET: Final = 200
"""Milliseconds; whoever asks for more is not followed."""
TELEPHONE_EVENT: Final = "TELEPHONE-EVENT"
COMFORT_NOISE: Final = "CN"

STATIC: Final = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    4: ("G723", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    13: ("CN", 8000),
    15: ("G728", 8000),
    18: ("G729", 8000),
}
"""Payload types that need no rtpmap (RFC 3551 table 4)."""
_STATIC_TYPES: Final = {name: payload_type for payload_type, (name, _) in STATIC.items()}
_DYNAMIC: Final = {"ILBC": ("iLBC", 8000, 1), "OPUS": ("opus", 48000, 2)}
"""Spelling, clock rate and channels of codecs with a dynamic type (RFC 3952, RFC 7587)."""
_TELLING: Final = ("a=rtpmap:", "a=fmtp:", "a=ptime:")
"""Begin the lines that say what the formats are."""
_KEPT: Final = 1024
"""Lists of formats that are known. Devices of one make and setting have the same one."""
_ALIASES: Final = {"G711A": "PCMA", "G711U": "PCMU", "G723.1": "G723"}


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """One RTP payload format."""

    payload_type: int
    encoding: str
    clock_rate: int
    parameters: str = ""
    channels: int = 1
    packet_time: int = field(default=0, compare=False)
    """Milliseconds of a packet that the side asks for (RFC 8866 section 6.4); 0 for any."""

    @property
    def name(self) -> str:
        """The codec, whatever its spelling."""
        return codec_name(self.encoding)

    @property
    def kind(self) -> tuple[str, int]:
        """What makes two formats one codec."""
        return self.name, self.clock_rate

    @property
    def is_voice(self) -> bool:
        """Tell whether it is a codec, not events or comfort noise."""
        return self.name not in (TELEPHONE_EVENT, COMFORT_NOISE)

    @property
    def is_event(self) -> bool:
        """Tell whether it carries DTMF (RFC 4733)."""
        return self.name == TELEPHONE_EVENT


Formats = tuple[PayloadFormat, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What a stream lists. Streams that say the same share one: it is equal to itself alone."""

    formats: Formats
    """Most wanted first; those without a name are left out."""
    length: int
    """How many there are with those left out."""
    voices: Formats
    codecs: tuple[str, ...]
    """Of `voices`, as they are spelled."""

    def is_just(self, formats: Formats) -> bool:
        """Tell whether these and no others are listed."""
        return len(formats) == self.length and formats == self.formats


NOTHING_LISTED: Final = Listing((), 0, (), ())


@lru_cache(maxsize=256)
def codec_name(encoding: str) -> str:
    """Return the one name of a codec: case and G.729's spellings don't matter (MED-04)."""
    name = encoding.upper()
    return "G729" if name.startswith("G729") else _ALIASES.get(name, name)


def format_named(name: str) -> PayloadFormat:
    """Return the format of a codec that no peer has numbered; a dynamic one has type -1."""
    known = codec_name(name)
    if known in _STATIC_TYPES:
        return PayloadFormat(_STATIC_TYPES[known], known, 8000)
    encoding, clock_rate, channels = _DYNAMIC.get(known, (name, 8000, 1))
    return PayloadFormat(-1, encoding, clock_rate, channels=channels)


def formats_of(stream: MediaDescription) -> Formats:
    """Return the formats of a stream, most wanted first; those without a name are left out."""
    return listing_of(stream).formats


def listing_of(stream: MediaDescription) -> Listing:
    """Return what a stream lists."""
    telling = [line for line in stream.lines if line.startswith(_TELLING)]
    return _read(" ".join(stream.formats), tuple(telling))


@lru_cache(maxsize=_KEPT)
def _read(listed: str, lines: tuple[str, ...]) -> Listing:
    """Read what peers say alike in every call: neither address nor port is in it."""
    stream = MediaDescription.parse("\n".join([f"audio 9 RTP/AVP {listed}", *lines]))
    rtpmaps, fmtps, packet_time = stream.rtpmaps, stream.fmtps, _packet_time(stream)
    formats = []
    for text in stream.formats:
        if not text.isdigit() or (number := int(text)) > HIGHEST_PAYLOAD_TYPE:
            continue
        parameters = fmtps.get(text, "")
        if (rtpmap := rtpmaps.get(number)) is not None:
            encoding, rate, channels = rtpmap.encoding, rtpmap.clock_rate, rtpmap.channels
        elif number in STATIC:
            (encoding, rate), channels = STATIC[number], 1
        else:
            continue
        one = PayloadFormat(number, encoding, rate, parameters, channels, packet_time)
        formats.append(one)
    voices = tuple(one for one in formats if one.is_voice)
    codecs = tuple(voice.encoding for voice in voices)
    return Listing(tuple(formats), len(stream.formats), voices, codecs)


def _packet_time(stream: MediaDescription) -> int:
    try:
        wanted = stream.ptime or 0
    except MalformedValue:
        return 0
    return wanted if wanted <= LONGEST_PACKET else 0


def write_formats(stream: MediaDescription, formats: Formats) -> None:
    """Let a stream list just these formats. What lists them already stays as it is."""
    if listing_of(stream).is_just(formats):
        return
    stream.formats = [str(one.payload_type) for one in formats]
    stream.remove_attributes("rtpmap", "fmtp")
    stream.lines += _written(formats)


@lru_cache(maxsize=_KEPT)
def _written(formats: Formats) -> tuple[str, ...]:
    """Return the lines that say what the formats are."""
    section = Section([])
    for one in formats:
        rtpmap = RtpMap(one.payload_type, one.encoding, one.clock_rate, one.channels)
        section.add_attribute("rtpmap", rtpmap)
        if one.parameters:
            section.add_attribute("fmtp", f"{one.payload_type} {one.parameters}")
    return tuple(section.lines)
