"""What two legs speak, out of what they list."""

import pytest
from trunkline_media.domain.codecs import Codec, Formats

PCMA = Codec("PCMA", 8)
PCMU = Codec("PCMU", 0)
G729 = Codec("G729", 18)
G729A = Codec("G729A", 96)


@pytest.mark.parametrize(
    ("here", "there", "spoken"),
    [
        pytest.param([], [PCMA], None, id="nothing known"),
        pytest.param([PCMA, G729], [], PCMA, id="other leg unknown"),
        pytest.param([PCMA, PCMU, G729], [G729], G729, id="the answer is the last offered"),
        pytest.param([G729], [PCMA, PCMU, G729], G729, id="the leg is the answer"),
        pytest.param([PCMA, PCMU], [PCMU, PCMA], PCMA, id="lists as long: the same on one leg"),
        pytest.param([PCMU, PCMA], [PCMA, PCMU], PCMA, id="lists as long: and on the other"),
        pytest.param([PCMA, G729A], [G729], G729A, id="another spelling keeps its payload type"),
        pytest.param([PCMA, PCMU], [G729], PCMA, id="nothing in common: the first, converted"),
    ],
)
def test_a_leg_speaks_what_both_have(
    here: list[Codec], there: list[Codec], spoken: Codec | None
) -> None:
    assert Formats(tuple(here)).voice_beside(Formats(tuple(there))) == spoken
