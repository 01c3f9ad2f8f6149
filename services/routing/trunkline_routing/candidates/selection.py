"""Collecting candidates from the longest prefix down (RTE-08), judged and ordered.

A gateway that lacks only a seat still closes the search to shorter prefixes: who serves a prefix
alone does not lose it to a cheaper one each time it is full.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..calls import refusals
from ..calls.facts import Facts
from ..calls.refusals import Refusal
from ..model.gateways import RoutingGateway
from ..view import View
from .judge import Exclusion, Fit, judge
from .order import order
from .reasons import Excluded


@dataclass(slots=True)
class Selection:
    """Candidates in their order, and who serves the number but is out."""

    candidates: list[Fit]
    excluded: list[Exclusion]
    stopped_at: str | None = None
    """Prefix behind which no shorter one was looked at."""


def select(facts: Facts, view: View, rng: random.Random) -> Selection:
    """Return who can take the call."""
    fits: list[Fit] = []
    excluded: list[Exclusion] = []
    stopped_at = _collect(facts, view, rng, fits, excluded)
    policy = facts.caller.route_policy
    ordered = order(fits, policy, view.parameters, view.quality, facts.call.time, rng)
    return Selection(ordered, excluded, stopped_at)


def _collect(
    facts: Facts, view: View, rng: random.Random, fits: list[Fit], excluded: list[Exclusion]
) -> str | None:
    seen: set[RoutingGateway] = set()
    for prefix, gateways in view.snapshot.index.levels(facts.routed):
        standing = False
        continual = True
        for gateway in gateways:
            if gateway in seen:
                continue
            seen.add(gateway)
            verdict = judge(gateway, prefix, facts, view, rng)
            if isinstance(verdict, Fit):
                fits.append(verdict)
            else:
                excluded.append(verdict)
                if verdict.reason is not Excluded.CAPACITY:
                    continue
            standing = True
            continual = continual and gateway.continual
        if standing and not continual:
            return prefix
    return None


def refuse(routed: str, excluded: list[Exclusion]) -> Refusal:
    """Return why nobody is left, by what kept out those that came closest."""
    for reason, refusal in (
        (Excluded.CAPACITY, refusals.full),
        (Excluded.RATE, refusals.no_rate),
    ):
        found = [each for each in excluded if each.reason is reason]
        if found:
            return refusal(_summary(routed, found))
    if not excluded:
        return refusals.no_route(f"{routed} begins with no prefix of any gateway")
    return refusals.no_route(_summary(routed, excluded))


def _summary(routed: str, excluded: list[Exclusion]) -> str:
    first, *others = excluded
    more = f"; and {len(others)} more" if others else ""
    return f"no gateway can take {routed}: {first.gateway.name}: {first.detail}{more}"
