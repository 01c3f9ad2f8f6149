"""Mean opinion score of a stream by the E-model (ITU-T G.107), with the values of G.113.

Only what a relay can see goes in: codec, loss and delay. Echo, noise and loudness keep the
defaults of G.107, whose basic rating is 93.2.
"""

from dataclasses import dataclass
from typing import Final

BASIC_RATING: Final = 93.2
"""R0 - Is for the defaults of G.107 table 2."""

DELAY_KNEE_MS: Final = 177.3
"""One-way delay above which people notice it (Cole and Rosenbluth's reading of G.107)."""

PLAYOUT_MS: Final = 40.0
"""Packetization and playout buffer that stand between the wire and an ear."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What a codec costs (G.113 appendix I)."""

    equipment: float
    """Ie, without loss."""
    robustness: float
    """Bpl: the greater, the less loss hurts."""


G711_CONCEALED: Final = Impairment(0, 25.1)

IMPAIRMENTS: Final = {
    # G.113 has no Bpl for G.726, which is taken to bear loss as G.711 does.
    "PCMA": G711_CONCEALED,
    "PCMU": G711_CONCEALED,
    "G729": Impairment(11, 19),
    "G723": Impairment(15, 16.1),
    "G726-16": Impairment(50, 25.1),
    "G726-24": Impairment(25, 25.1),
    "G726-32": Impairment(7, 25.1),
    "G726-40": Impairment(2, 25.1),
    "GSM": Impairment(20, 10),
    "ILBC": Impairment(10, 34),
    "AMR": Impairment(5, 10),
}


def mean_opinion_score(encoding: str, loss: float, round_trip_ms: float, jitter_ms: float) -> float:
    """Return the score, 1.0 to 4.5. `loss` is a share, 0.0 to 1.0.

    An encoding that G.113 does not know is taken for G.711 with concealment.
    """
    impairment = IMPAIRMENTS.get(encoding.upper(), G711_CONCEALED)
    delay = round_trip_ms / 2 + PLAYOUT_MS + 2 * jitter_ms
    return _score(BASIC_RATING - _delay_impairment(delay) - _loss_impairment(impairment, loss))


def _delay_impairment(delay_ms: float) -> float:
    return 0.024 * delay_ms + 0.11 * max(delay_ms - DELAY_KNEE_MS, 0)


def _loss_impairment(impairment: Impairment, loss: float) -> float:
    percent = 100 * min(max(loss, 0.0), 1.0)
    share = percent / (percent + impairment.robustness)
    return impairment.equipment + (95 - impairment.equipment) * share


def _score(rating: float) -> float:
    """G.107 annex B. The cubic dips below one for ratings under 6.5."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return max(1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6, 1.0)
