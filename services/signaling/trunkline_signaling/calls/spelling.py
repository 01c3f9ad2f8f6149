"""How G.729 and G.723 are written to a side: the codec's name and its annexes (MED-04, MED-05)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from .formats import PayloadFormat
from .media_policy import Annex, G729Policy, Spelling

WRITTEN: Final = {Spelling.G729: "G729", Spelling.G729A: "G729a"}
ANNEXES: Final = {"G729": "annexb", "G723": "annexa"}
"""Parameter of fmtp that says whether silence may be sent as such (RFC 4856)."""


def spelled_offer(formats: Iterable[PayloadFormat], policy: G729Policy) -> Iterator[PayloadFormat]:
    """Write an offer's formats as `policy` wants; they come as the far side wrote them."""
    seen = False
    for one in formats:
        if one.name != "G729":
            yield _annexed(one, policy, one.parameters)
        elif not seen:
            seen = True
            yield from _offered_g729(one, policy)


def spelled_answer(
    formats: Iterable[PayloadFormat],
    offered: Sequence[PayloadFormat],
    far: Sequence[PayloadFormat],
    policy: G729Policy,
) -> Iterator[PayloadFormat]:
    """Write an answer's formats to a side that `offered`, where the far side answered `far`."""
    for one in formats:
        own = next((f.parameters for f in offered if f.payload_type == one.payload_type), "")
        said = next((f.parameters for f in far if f.name == one.name), "")
        if one.name == "G729":
            one = replace(one, encoding=WRITTEN.get(policy.spelling, one.encoding))
        yield _annexed(one, policy, said, offered=own)


def _offered_g729(one: PayloadFormat, policy: G729Policy) -> Iterator[PayloadFormat]:
    if policy.spelling is Spelling.BOTH:
        spellings = [("G729", 18), ("G729a", -1)]
    else:
        spellings = [(WRITTEN.get(policy.spelling, one.encoding), one.payload_type)]
    for name, payload_type in spellings:
        written = replace(one, encoding=name, payload_type=payload_type)
        yield _annexed(written, policy, one.parameters)


def _annexed(
    one: PayloadFormat, policy: G729Policy, far: str, offered: str | None = None
) -> PayloadFormat:
    """Write the annex; `far` and `offered` are what both sides' fmtp lines said."""
    annex = ANNEXES.get(one.name)
    if annex is None:
        return one
    mode = policy.annex_b if one.name == "G729" else policy.g723_annex_a
    value = _value(mode, _said(far, annex), None if offered is None else _said(offered, annex))
    return replace(one, parameters=f"{annex}={value}" if value else "")


def _value(mode: Annex, far: str, offered: str | None) -> str:
    match mode:
        case Annex.YES:
            return "yes"
        case Annex.NO:
            return "no"
        case Annex.OMIT:
            return ""
        case Annex.PASS_THROUGH:
            return far
        case Annex.AUTO:
            if "no" in (far, offered):
                return "no"
            return far if offered is None else offered


def _said(parameters: str, annex: str) -> str:
    """Return "yes", "no", or nothing when it is not said, which RFC 4856 takes for yes."""
    for item in parameters.split(";"):
        name, _, value = item.strip().partition("=")
        if name.lower() == annex:
            return "no" if value.strip().lower() == "no" else "yes"
    return ""
