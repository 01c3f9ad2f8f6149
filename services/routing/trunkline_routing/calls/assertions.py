"""RouteTest documents: calls that must go where they should, before a change is stored.

Each is explained over the configuration as it would be, with present prices and parameters, on an
empty switch, and with several seeds: what chance could upset does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from trunkline_kernel.documents import Planned, Problem

from ..capacity.memory import MemorySeats
from ..documents.kinds import KINDS, ROUTE_TEST
from ..documents.route_test import Expectation, RouteTestSpec, TestedCall
from ..model.builder import build_snapshot
from ..model.callers import Endpoint, Kind
from ..quality.windows import MemoryQuality
from ..view import Portability, View
from .call import Call, Identity
from .explain import Explanation, explain
from .facts import Facts
from .health import PerfectHealth
from .refusals import Refusal

SEEDS: Final = range(1, 9)


class RouteAssertions:
    """Checks every RouteTest against documents as they would be."""

    def __init__(self, view: View, portability: Portability, clock: Callable[[], datetime]) -> None:
        self._view = view
        self._portability = portability
        self._clock = clock

    def __call__(self, planned: Planned) -> Iterator[Problem]:
        """Yield what each test finds wrong."""
        tests: Mapping[str, RouteTestSpec] = planned.of(ROUTE_TEST.name)
        if not tests:
            return
        view = View(
            MemorySeats(),
            PerfectHealth(),
            MemoryQuality(),
            build_snapshot({kind.name: planned.of(kind.name) for kind in KINDS}),
            self._view.rates,
            self._view.parameters,
            self._view.lists,
            self._view.zone,
        )
        for name, spec in sorted(tests.items()):
            for field, message in failures(spec, view, self._portability, self._clock()):
                yield Problem(ROUTE_TEST.name, name, f"spec.expect.{field}", message)


def failures(
    spec: RouteTestSpec, view: View, portability: Portability, now: datetime
) -> Iterator[tuple[str, str]]:
    """Yield (field, what came instead) of the first seed with which an expectation fails."""
    call = _call(spec.call, spec.call.moment(now))
    for seed in SEEDS:
        found = list(_compare(spec.expect, explain(call, view, portability, seed)))
        if found:
            what = f"calling {spec.call.callee} from {call.endpoint}"
            yield from ((field, f"{what}: {message}") for field, message in found)
            return


def _call(tested: TestedCall, time: datetime) -> Call:
    if tested.phone is not None:
        endpoint = Endpoint(Kind.PHONE, tested.phone)
    else:
        endpoint = Endpoint(Kind.MAPPING_GATEWAY, tested.mapping_gateway or "")
    identity = Identity(
        from_user=tested.caller, to_user=tested.callee, request_uri_user=tested.callee
    )
    return Call("", "", endpoint, "", identity, time)


def _compare(expected: Expectation, explanation: Explanation) -> Iterator[tuple[str, str]]:
    outcome = explanation.decision.outcome
    if isinstance(outcome, Refusal):
        if expected.refused is not outcome.reason:
            field = "refused" if expected.refused else next(iter(_fields(expected)))
            yield field, f"it is refused, {outcome.reason}: {outcome.explanation}"
    elif expected.refused is not None:
        yield "refused", f"it goes to {outcome.first.endpoint.name}"
    else:
        yield from _compare_first(expected, explanation)
    yield from _compare_excluded(expected, explanation)


def _fields(expected: Expectation) -> list[str]:
    return [
        info.alias or name
        for name, info in type(expected).model_fields.items()
        if name in expected.model_fields_set
    ]


def _compare_first(expected: Expectation, explanation: Explanation) -> Iterator[tuple[str, str]]:
    outcome, known = explanation.decision.outcome, explanation.decision.known
    if isinstance(outcome, Refusal) or not isinstance(known, Facts):
        return
    first = outcome.first
    names = (first.endpoint.name, *(each.name for each in outcome.others))
    found: list[tuple[str, object, object]] = [
        ("candidates", expected.candidates, names),
        ("first", expected.first, first.endpoint.name),
        ("caller", expected.caller, first.numbers.caller),
        ("callee", expected.callee, first.numbers.callee),
        ("billedCallee", expected.billed_callee, known.numbers.callee),
        ("account", expected.account, known.account),
    ]
    for field, wanted, got in found:
        if wanted is not None and wanted != got:
            yield field, f"expected {_spell(wanted)}, it would be {_spell(got)}"
    if expected.cost_at_most is not None:
        cost = first.rate.price.per_minute if first.rate else None
        if cost is None or cost > expected.cost_at_most:
            spelled = "unknown" if cost is None else f"{cost.normalize():f}"
            yield "costAtMost", f"expected {expected.cost_at_most:f}, it would be {spelled}"


def _compare_excluded(expected: Expectation, explanation: Explanation) -> Iterator[tuple[str, str]]:
    verdicts = {each.gateway.name: each for each in explanation.verdicts}
    for name, reason in expected.excluded.items():
        verdict = verdicts.get(name)
        if verdict is None:
            yield f"excluded.{name}", "there is no such gateway to look at"
        elif verdict.excluded is not reason:
            out = f"out for {verdict.excluded}" if verdict.excluded else "a candidate"
            yield f"excluded.{name}", f"expected {reason}, it would be {out}: {verdict.text}"


def _spell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
