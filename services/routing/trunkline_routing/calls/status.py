"""How gateways are right now: calls, capacity, quality, and what keeps them out (MGT-10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ..model.callers import Endpoint
from ..model.gateways import Target
from ..quality.windows import Ratios
from ..view import View


@dataclass(frozen=True, slots=True)
class Status:
    """One gateway or phone."""

    endpoint: Endpoint
    calls: int
    limit: int | None
    locked: bool
    ratios: Ratios
    disabled_until: datetime | None = None
    reachable: bool = True
    targets: tuple[Target, ...] = ()
    published: int | None = None


def statuses(view: View, now: datetime) -> Iterator[Status]:
    """Yield mapping gateways and phones that call, then routing gateways, by name."""
    snapshot = view.snapshot
    for endpoint, caller in sorted(snapshot.callers.items()):
        claim = caller.claims[-1]
        yield Status(
            endpoint=endpoint,
            calls=view.seats.calls(claim.key),
            limit=claim.limit,
            locked=caller.locked,
            ratios=view.quality.ratios(str(endpoint), now),
        )
    for name, gateway in snapshot.gateways.items():
        condition = view.health.condition(name, now)
        yield Status(
            endpoint=gateway.endpoint,
            calls=view.seats.calls(gateway.key),
            limit=gateway.limit,
            locked=gateway.spec.locked,
            ratios=view.quality.ratios(name, now),
            disabled_until=condition.disabled_until,
            targets=gateway.targets,
            published=condition.published,
            reachable=not condition.is_out_of_reach(presumed=gateway.presumed_reachable),
        )
