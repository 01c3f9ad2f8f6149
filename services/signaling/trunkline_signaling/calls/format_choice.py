"""Which formats a side is told in an offer or an answer, and what both sides then speak.

All of it follows from what the two list and how the side that is told is treated. Calls between the
same gateways have that in common, so it is worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from .codecs import Agreement, agree, numbered, to_offer
from .dtmf import event_to_answer, event_to_offer
from .formats import COMFORT_NOISE, Formats, Listing, PayloadFormat
from .legs import Leg
from .media_policy import DtmfPolicy, G729Policy
from .spelling import spelled_answer, spelled_offer

_KEPT: Final = 1024
"""Offers and answers that are known: by far more than pairs of gateways that are busy at a time."""


class Hearer(NamedTuple):
    """What of the side that is told decides its formats."""

    codecs: tuple[str, ...]
    g729: G729Policy
    dtmf: DtmfPolicy
    relayed: bool

    @classmethod
    def of(cls, leg: Leg) -> Hearer:
        """Return it for a leg."""
        policy = leg.policy
        return cls(policy.codecs, policy.g729, policy.dtmf, leg.relay is not None)


class Settled(NamedTuple):
    """What is spoken with either side, the voice codec first."""

    offerer: Formats
    answerer: Formats


@lru_cache(maxsize=_KEPT)
def formats_to_offer(
    offered: Listing, assigned: tuple[str, ...], hearer: Hearer, convertible: tuple[str, ...]
) -> Formats | None:
    """Return the formats that a side is offered; None where the offer may stay as it came.

    `assigned` are the codecs that the offering side is held to. Raises `MediaMismatch`.
    """
    voices = to_offer(offered.formats, assigned, hearer.codecs, convertible)
    spelled = spelled_offer(voices, hearer.g729)
    beside = _beside_voice(offered.formats)
    if hearer.relayed:
        event = event_to_offer(hearer.dtmf, far_has_events=any(f.is_event for f in beside))
        beside = (*_events(event), *(f for f in beside if not f.is_event))
    if convertible or hearer.codecs:
        beside = tuple(f for f in beside if f.is_event)
    first = list(numbered((*beside, *spelled)))  # events keep the number that they are given
    formats = (*first[len(beside) :], *first[: len(beside)])
    stays = not hearer.codecs and set(formats) == set(offered.formats)
    return None if stays else formats


@lru_cache(maxsize=_KEPT)
def settle(
    offered: Listing, answered: Listing, hearer: Hearer, convertible: tuple[str, ...]
) -> Settled:
    """Return what is spoken once the far side has `answered` the hearer's offer.

    Raises `MediaMismatch`.
    """
    agreed = agree(offered.formats, hearer.codecs, answered.formats, convertible)
    return Settled(
        formats_to_answer(offered, answered.formats, agreed, hearer),
        (*agreed.answerer, *_beside_voice(answered.formats)),
    )


def formats_to_answer(
    offered: Listing, answered: Formats, agreed: Agreement, hearer: Hearer
) -> Formats:
    """Return the formats in the answer to who `offered`."""
    own = offered.formats
    voices = tuple(spelled_answer(agreed.offerer, own, agreed.answerer, hearer.g729))
    beside = tuple(f for f in own if not f.is_voice and _has_kind(answered, f))
    if hearer.relayed:
        far = any(f.is_event for f in answered)
        event = event_to_answer(hearer.dtmf, own, voices[0].clock_rate, far)
        beside = (*_events(event), *(f for f in beside if not f.is_event))
    if voices[0].kind != agreed.answerer[0].kind:
        beside = tuple(f for f in beside if f.name != COMFORT_NOISE)
    return (*voices, *beside)


def _has_kind(formats: Iterable[PayloadFormat], wanted: PayloadFormat) -> bool:
    return any(f.kind == wanted.kind for f in formats)


def _beside_voice(formats: Formats) -> Formats:
    return tuple(f for f in formats if not f.is_voice)


def _events(event: PayloadFormat | None) -> Formats:
    return () if event is None else (event,)
