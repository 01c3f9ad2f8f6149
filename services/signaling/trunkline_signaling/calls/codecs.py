"""Which codecs a side is offered, and which the two sides of a call speak (MED-03).

`convertible` names the codecs between which the relay converts, most wanted first; it is empty
where a side forbids conversion or nothing is relayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from .formats import (
    FIRST_DYNAMIC,
    HIGHEST_PAYLOAD_TYPE,
    Formats,
    PayloadFormat,
    codec_name,
    format_named,
)

UNVOLUNTEERED: Final = frozenset({"G726-16", "G726-24", "G726-32", "G726-40"})
"""Codecs that are offered only where a side lists them, though the relay converts them: few speak
them, and an offer is to fit into a datagram."""


class MediaMismatch(Exception):
    """Two descriptions are well-formed, but no media could flow between their sides."""


class Agreement(NamedTuple):
    """Voice formats of the side that offered and of the one that answered."""

    offerer: Formats
    answerer: Formats


def allowed(offered: Sequence[PayloadFormat], assigned: Sequence[str]) -> Formats:
    """Return the voice formats that a side may use: all, or those assigned to it."""
    names = {codec_name(name) for name in assigned}
    return tuple(f for f in offered if f.is_voice and (not names or f.name in names))


def to_offer(
    offered: Sequence[PayloadFormat],
    assigned: Sequence[str],
    assigned_there: Sequence[str],
    convertible: Sequence[str],
) -> Formats:
    """Return the voice formats that the far side is offered (MED-03 rule 1).

    `assigned` are the codecs that the offering side is held to. Raises `MediaMismatch` when
    whatever is answered would be of no use.
    """
    voices = allowed(offered, assigned)
    _require(voices, f"one of {', '.join(assigned) or 'our codecs'}", offered)
    names = [voice.name for voice in voices]
    can_convert = any(name in convertible for name in names)
    if assigned_there:
        listed = [codec_name(name) for name in assigned_there]
        usable = [n for n in listed if n in names or (can_convert and n in convertible)]
        _require(usable, f"one of {', '.join(assigned_there)}", voices)
        wanted = [_named(voices, name) for name in listed]
    else:
        spoken = [name for name in convertible if name not in UNVOLUNTEERED]
        more = [name for name in spoken if can_convert and name not in names]
        wanted = [*voices, *map(format_named, more)]
    return tuple(wanted)


def agree(
    offered: Sequence[PayloadFormat],
    assigned: Sequence[str],
    answered: Sequence[PayloadFormat],
    convertible: Sequence[str],
) -> Agreement:
    """Return what both sides speak once the far one has answered (MED-03 rules 2 to 5).

    Codecs that both have pass as they are; of two that differ each is the first of its side.
    Raises `MediaMismatch`.
    """
    answers = tuple(f for f in answered if f.is_voice)
    _require(answers, "a codec", answered)
    chosen = answers[0]
    usable = allowed(offered, assigned)
    agreement = _of_assigned(usable, assigned, chosen, convertible)
    if agreement is not None:
        return agreement
    common = [(_as_answered(a, b), b) for b in answers for a in _same(usable, b)[:1]]
    if common and common[0][1] is chosen:
        if assigned:
            common = common[:1]
        return Agreement(tuple(a for a, _ in common), tuple(b for _, b in common))
    other = next((f for f in usable if _converts(f, chosen, convertible)), None)
    if other is None:
        raise MediaMismatch(f"{_names(answers)} was answered to an offer of {_names(usable)}")
    return Agreement((other,), (chosen,))


def numbered(formats: Sequence[PayloadFormat]) -> Iterator[PayloadFormat]:
    """Give every format a payload type of its own; one that is taken moves to the first free.

    Raises `MediaMismatch` when none is.
    """
    taken: set[int] = set()
    reserved = {f.payload_type for f in formats}
    free = (n for n in range(FIRST_DYNAMIC, HIGHEST_PAYLOAD_TYPE + 1) if n not in reserved)
    for one in formats:
        number = one.payload_type
        if number < 0 or number in taken:
            number = next(free, -1)
            if number < 0:
                raise MediaMismatch(f"every dynamic payload type is taken before {one.encoding}")
            one = replace(one, payload_type=number)
        taken.add(number)
        yield one


def _named(voices: Formats, name: str) -> PayloadFormat:
    return next((voice for voice in voices if voice.name == name), None) or format_named(name)


def _of_assigned(
    usable: Formats,
    assigned: Sequence[str],
    chosen: PayloadFormat,
    convertible: Sequence[str],
) -> Agreement | None:
    """Return what both sides speak where the policy's first codec will do; None where not."""
    first = _first_assigned(usable, assigned) if assigned else None
    if first is None:
        return None
    if first.kind == chosen.kind:
        return Agreement((_as_answered(first, chosen),), (chosen,))
    return Agreement((first,), (chosen,)) if _converts(first, chosen, convertible) else None


def _first_assigned(usable: Formats, assigned: Sequence[str]) -> PayloadFormat | None:
    ranks = [codec_name(name) for name in assigned]
    return min(usable, key=lambda f: ranks.index(f.name), default=None)


def _same(formats: Formats, other: PayloadFormat) -> list[PayloadFormat]:
    return [f for f in formats if f.kind == other.kind]


def _as_answered(offered: PayloadFormat, answered: PayloadFormat) -> PayloadFormat:
    """Keep the offerer's number and name, and take the parameters over that the answer has."""
    return replace(offered, parameters=answered.parameters)


def _converts(one: PayloadFormat, other: PayloadFormat, convertible: Sequence[str]) -> bool:
    return one.name in convertible and other.name in convertible


def _require(found: Sequence[object], expected: str, offered: Sequence[PayloadFormat]) -> None:
    if not found:
        raise MediaMismatch(f"expected {expected}, found {_names(offered)}")


def _names(formats: Sequence[PayloadFormat]) -> str:
    return ", ".join(f.name for f in formats if f.is_voice) or "none"
