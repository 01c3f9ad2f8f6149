"""In which order candidates are tried (RTE-07 sort keys, RTE-14, RTE-16, RTE-17).

The chain is a list of keys, built once for a call from the parameters and the caller's own policy.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from ..documents.mapping_gateway import RoutePolicy, SortKey
from ..parameters import Parameters, Place
from ..view import Quality
from .judge import Fit

Key = Callable[[Fit], int | float | Decimal]

_FULL_RATIO: Final = 100
_LAST: Final = Decimal("Infinity")


def order(
    fits: Iterable[Fit],
    policy: RoutePolicy,
    parameters: Parameters,
    quality: Quality,
    now: datetime,
    rng: random.Random,
) -> list[Fit]:
    """Return the candidates, best first; equals in an order that chance decides."""
    keys = _chain(policy, parameters, quality, now)
    shuffled = [(tuple(key(fit) for key in keys), rng.random(), fit) for fit in fits]
    shuffled.sort(key=lambda entry: entry[:2])
    return [fit for *_, fit in shuffled]


def _chain(
    policy: RoutePolicy, parameters: Parameters, quality: Quality, now: datetime
) -> list[Key]:
    ratio = _ratio_key(quality, now)
    if policy.first is SortKey.NONE and policy.second is SortKey.NONE:
        places = [(parameters.ratio_place, ratio), (parameters.cost_place, cost_key)]
        if parameters.cost_before_ratio:
            places.reverse()
    else:
        named: dict[SortKey, Key] = {SortKey.ANSWER_RATIO: ratio, SortKey.LOWEST_RATE: cost_key}
        chosen = dict.fromkeys((policy.first, policy.second))
        places = [(Place.AFTER_PRIORITY, named[each]) for each in chosen if each in named]
    return [
        *(key for place, key in places if place is Place.BEFORE_PREFIX),
        prefix_key,
        *(key for place, key in places if place is Place.BEFORE_PRIORITY),
        priority_key,
        *(key for place, key in places if place is Place.AFTER_PRIORITY),
        load_key,
    ]


def prefix_key(fit: Fit) -> int:
    """Sort the longer prefix first."""
    return -len(fit.prefix)


def priority_key(fit: Fit) -> int:
    """Sort the smaller number first."""
    return fit.priority


def load_key(fit: Fit) -> float:
    """Sort the least loaded first; without a limit there is no load."""
    return fit.calls / fit.limit if fit.limit else 0.0


def cost_key(fit: Fit) -> Decimal:
    """Sort the cheapest first; those that take no part in it, or have no rate, last (RTE-16)."""
    policy = fit.gateway.spec.cost
    if fit.rate is None or not (policy.least_cost and policy.check_rate):
        return _LAST
    price = fit.rate.found.price
    return price.per_second if policy.per_second else price.per_minute_by_second


def _ratio_key(quality: Quality, now: datetime) -> Key:
    def key(fit: Fit) -> int:
        ratio = quality.answer_ratio(fit.gateway.name, now)
        return -(_FULL_RATIO if ratio is None else ratio)

    return key
