"""Which seats a live call must have, told by who calls and who is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..capacity.seats import CALLER, Holder, Taken
from ..model.callers import Claim, Endpoint, Kind
from ..model.snapshot import Snapshot

LATEST = 1
"""Slot of the attempt that a call announced again is at: which it was is forgotten."""


def announced(
    calls: Iterable[tuple[str, Endpoint | None, Endpoint | None]],
    instance: str,
    snapshot: Snapshot,
) -> Iterator[Taken]:
    """Yield the seats of each (call id, caller, callee); who is configured no more has none."""
    for call_id, caller, callee in calls:
        if caller is not None and (known := snapshot.callers.get(caller)):
            yield Taken(Holder(call_id, CALLER, instance), known.claims)
        if callee is not None and (claims := _claims(callee, snapshot)):
            yield Taken(Holder(call_id, LATEST, instance), claims)


def _claims(callee: Endpoint, snapshot: Snapshot) -> tuple[Claim, ...]:
    if callee.kind is Kind.PHONE:
        phone = snapshot.phones.get(callee.name)
        return phone.claims if phone else ()
    gateway = snapshot.gateways.get(callee.name)
    return gateway.claims if gateway else ()
