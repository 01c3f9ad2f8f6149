"""In which order candidates are tried (RTE-07 sort keys, RTE-14, RTE-16, RTE-17).

The chain of keys is built once for a call, from the parameters and the caller's own policy; each
key is a field of `Fit`, smaller first.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Final

from ..documents.mapping_gateway import RoutePolicy, SortKey
from ..parameters import Parameters, Place
from ..view import Quality
from .judge import Fit

RATIO: Final = "failures"
COST: Final = "cost"
_FULL_RATIO: Final = 100
_NAMED: Final = {SortKey.ANSWER_RATIO: RATIO, SortKey.LOWEST_RATE: COST}


def order(
    fits: Iterable[Fit],
    policy: RoutePolicy,
    parameters: Parameters,
    quality: Quality,
    now: datetime,
    rng: random.Random,
) -> list[Fit]:
    """Return the candidates, best first; equals in an order that chance decides."""
    keys = chain(policy, parameters)
    ordered = list(fits)
    for fit in ordered:
        fit.draw = rng.random()
    if RATIO in keys:
        for fit in ordered:
            ratio = quality.answer_ratio(fit.gateway.name, now)
            fit.failures = 0 if ratio is None else _FULL_RATIO - ratio
    ordered.sort(key=attrgetter(*keys))
    return ordered


def chain(policy: RoutePolicy, parameters: Parameters) -> tuple[str, ...]:
    """Return the keys in force, the first one first."""
    if policy.first is SortKey.NONE and policy.second is SortKey.NONE:
        ratio, cost = (parameters.ratio_place, RATIO), (parameters.cost_place, COST)
        return _placed(cost, ratio) if parameters.cost_before_ratio else _placed(ratio, cost)
    chosen = dict.fromkeys((policy.first, policy.second))
    return _placed(*((Place.AFTER_PRIORITY, _NAMED[each]) for each in chosen if each in _NAMED))


@cache
def _placed(*places: tuple[Place, str]) -> tuple[str, ...]:
    """Return all keys, with those of `places` among the usual ones: of few places and keys."""
    return (
        *(key for place, key in places if place is Place.BEFORE_PREFIX),
        "shortness",
        *(key for place, key in places if place is Place.BEFORE_PRIORITY),
        "priority",
        *(key for place, key in places if place is Place.AFTER_PRIORITY),
        "load",
        "draw",
    )
