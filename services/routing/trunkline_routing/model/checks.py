"""Number checks, compiled (RTE-25). A check says what it objects to, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from ..documents.checks import CalleeKind, Checks, NumberClass, NumberLists, Pairs, Prefixes
from ..documents.fields import ListMode
from ..numbers.pipeline import Numbers
from .prefixes import PrefixIndex


class Surroundings(Protocol):
    """What checks ask about numbers beyond their digits."""

    def is_phone(self, number: str) -> bool:
        """Say whether a phone of this platform has the number."""

    def number_class(self, number: str) -> NumberClass:
        """Return what kind of number the area and mobile tables make of it."""

    def area_code(self, number: str) -> str | None:
        """Return the code of the area it belongs to, fixed or mobile."""

    def is_listed(self, number_list: str, number: str) -> bool:
        """Say whether a black or white list group holds the number (AUT-14)."""

    def is_white(self, number: str) -> bool:
        """Say whether the system white list holds the number (AUT-15)."""


Objection = str
"""Why a number may not pass, for people."""

Check = Callable[[Numbers, Surroundings], Objection | None]


class NumberChecks:
    """All checks of one gateway or phone, in the order of the pipeline (0.5, step 5)."""

    def __init__(self, spec: Checks) -> None:
        self._checks = tuple(_compile(spec))

    def __bool__(self) -> bool:
        return bool(self._checks)

    def objection(self, numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        """Return the first objection, or nothing when both numbers may pass."""
        for check in self._checks:
            if objection := check(numbers, surroundings):
                return objection
        return None


def _compile(spec: Checks) -> Iterator[Check]:
    for place, party in enumerate(("caller", "callee")):
        if lengths := (spec.caller_lengths, spec.callee_lengths)[place]:
            yield _length_check(place, party, frozenset(lengths))
    for place, party in enumerate(("caller", "callee")):
        prefixes = (spec.caller_prefixes, spec.callee_prefixes)[place]
        if prefixes.prefixes:
            yield _prefix_check(place, party, prefixes)
    if spec.caller_classes:
        yield _class_check(frozenset(spec.caller_classes))
    for place, party in enumerate(("caller", "callee")):
        lists = (spec.caller_lists, spec.callee_lists)[place]
        if lists.lists:
            yield _list_check(place, party, lists)
    if spec.callee is not CalleeKind.ANY:
        yield _callee_check(spec.callee is CalleeKind.PHONE)
    if spec.pairs.pairs:
        yield _pair_check(spec.pairs)
    if spec.deny_same_city_codes:
        yield _city_check(frozenset(spec.deny_same_city_codes))


def _length_check(place: int, party: str, lengths: frozenset[int]) -> Check:
    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        number = numbers[place]
        if len(number) in lengths:
            return None
        allowed = ", ".join(map(str, sorted(lengths)))
        return f"{party} {number} has {len(number)} digits, allowed are {allowed}"

    return check


def _prefix_check(place: int, party: str, spec: Prefixes) -> Check:
    index = PrefixIndex((prefix, None) for prefix in spec.prefixes)
    must = spec.mode is ListMode.ALLOW

    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        number = numbers[place]
        prefix = index.longest(number)
        if (prefix is not None) == must:
            return None
        if must:
            return f"{party} {number} begins with none of the allowed prefixes"
        if _excused(numbers, surroundings):
            return None
        return f"{party} {number} begins with {prefix}, which is denied"

    return check


def _excused(numbers: Numbers, surroundings: Surroundings) -> bool:
    """Say whether the system white list lets the call pass what is denied (AUT-15)."""
    return surroundings.is_white(numbers.callee) or surroundings.is_white(numbers.caller)


def _class_check(allowed: frozenset[NumberClass]) -> Check:
    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        found = surroundings.number_class(numbers.caller)
        return None if found in allowed else f"caller {numbers.caller} is a {found} number"

    return check


def _list_check(place: int, party: str, spec: NumberLists) -> Check:
    must = spec.mode is ListMode.ALLOW

    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        number = numbers[place]
        holder = next((name for name in spec.lists if surroundings.is_listed(name, number)), None)
        if (holder is not None) == must:
            return None
        if must:
            return f"{party} {number} is on none of the lists that may pass"
        if _excused(numbers, surroundings):
            return None
        return f"{party} {number} is on the list {holder}"

    return check


def _callee_check(must: bool) -> Check:
    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        if surroundings.is_phone(numbers.callee) == must:
            return None
        return f"callee {numbers.callee} {'must' if must else 'may not'} be a phone of the platform"

    return check


def _pair_check(spec: Pairs) -> Check:
    pairs = [(caller, callee) for caller, _, callee in (pair.partition(":") for pair in spec.pairs)]
    must = spec.mode is ListMode.ALLOW

    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        found = any(
            numbers.caller.startswith(caller) and numbers.callee.startswith(callee)
            for caller, callee in pairs
        )
        if found == must:
            return None
        return f"{numbers.caller} may not call {numbers.callee} by its pairs of prefixes"

    return check


def _city_check(codes: frozenset[str]) -> Check:
    def check(numbers: Numbers, surroundings: Surroundings) -> Objection | None:
        code = surroundings.area_code(numbers.caller)
        if code not in codes or code != surroundings.area_code(numbers.callee):
            return None
        return f"caller and callee are both in area {code}"

    return check
