"""Which codec two legs speak, out of what their descriptions list.

A leg's description lists what its device takes (RFC 3264): an offer many, an answer few. Where the
lists meet, packets go through as they are; only where they don't is voice converted (MED-03).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from trunkline_engine import VoiceFormat

CLOCK_RATE_DEFAULT: Final = 8000
"""Of most telephony codecs (RFC 3551 section 6)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A voice codec by its name in SDP, and its payload type on one leg."""

    encoding: str
    payload_type: int
    clock_rate: int = CLOCK_RATE_DEFAULT
    parameters: str = ""
    """The value of `a=fmtp`, as written."""
    packet_time: timedelta | None = None
    """What the device asks for (`a=ptime`). None: as the other leg sends, where the codec can."""
    format: VoiceFormat = field(init=False, repr=False, compare=False)
    """What the relay is told. Kept, as the codecs themselves are from call to call."""
    kind: "Kind" = field(init=False, repr=False, compare=False)
    """What makes it one with others."""

    def __post_init__(self) -> None:
        told = VoiceFormat(
            self.encoding, self.payload_type, self.clock_rate, self.packet_time, self.parameters
        )
        object.__setattr__(self, "format", told)
        object.__setattr__(self, "kind", kind(self.encoding, self.clock_rate))


Kind = tuple[str, int]
"""What makes two codecs one: a name and a clock rate."""


@lru_cache(maxsize=1024)
def kind(encoding: str, clock_rate: int) -> Kind:
    """Return the kind of a codec: all spellings of G.729 are one (MED-04)."""
    name = encoding.upper()
    return ("G729" if name.startswith("G729") else name, clock_rate)


@dataclass(frozen=True, slots=True)
class Formats:
    """The payload formats of a leg: voice codecs in their order, and its events."""

    voice: tuple[Codec, ...] = ()
    telephone_event: int | None = None
    """Payload type of RFC 4733, when the device has it."""
    kinds: tuple[Kind, ...] = field(init=False, repr=False, compare=False)
    """Those of the voice codecs. Kept, because a session asks for them a dozen times."""

    def __post_init__(self) -> None:
        kinds = tuple(codec.kind for codec in self.voice)
        object.__setattr__(self, "kinds", kinds)

    def voice_beside(self, other: "Formats") -> Codec | None:
        """Return what a leg that lists these speaks, beside one that lists `other`.

        The shorter list is the answer; its first codec that both have is spoken. Of two as long
        either would do, but both legs have to take the same. Without a common codec, or with the
        other leg unknown, a leg speaks the first of its own.
        """
        return self.voice[_place_beside(self.kinds, other.kinds)] if self.voice else None


@lru_cache(maxsize=4096)  # pairs of lists: a session asks ten times, and most pairs come again
def _place_beside(here: tuple[Kind, ...], there: tuple[Kind, ...]) -> int:
    answer, offer = sorted((here, there), key=lambda kinds: (len(kinds), kinds))
    common = (here.index(chosen) for chosen in answer if chosen in offer)
    return next(common, 0)
