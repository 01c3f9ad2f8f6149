"""Billing's metrics: charges, reservations, settlements, the group commit."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog
from trunkline_kernel.metrics import Metrics

from .alarms.alarm import Condition
from .alarms.traffic import TrafficCounter
from .charging.changes import Changes
from .charging.settlement import Settlement
from .charging.till import Till, unsold
from .errors import Refused

log = structlog.stdlib.get_logger(__name__)

ALARM_LABELS: Final = ("type", "level")
BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Observation:
    """Counts what the desk and the cashier do. Listens to the cashier as its `Observer`."""

    def __init__(self, metrics: Metrics) -> None:
        self._charges = metrics.counter(
            "charges", "Amount charged to payers, by currency.", ["currency"]
        )
        self._revenue = metrics.counter(
            "revenue", "Amount that reached the house's revenue, by currency.", ["currency"]
        )
        self._costs = metrics.counter("costs", "Amount vendors cost, by currency.", ["currency"])
        self._refusals = metrics.counter(
            "refusals", "Calls refused, by call end reason.", ["reason"]
        )
        self._settlements = metrics.counter(
            "settlements", "Calls settled, by what the request did.", ["outcome"]
        )
        self._unsold = metrics.counter(
            "unsold_calls", "Answered calls that nobody could be charged for."
        )
        self._settle_duration = metrics.histogram(
            "settle_duration_seconds", "From a settlement's arrival to its being durable."
        )
        self._cdrs = metrics.counter("cdrs", "CDRs stored.")
        self._spend_warnings = metrics.counter(
            "spend_warnings", "Accounts that crossed the warning of a brake.", ["brake"]
        )
        self._pushes = metrics.counter("cdr_pushes", "CDR pushes, by outcome.", ["outcome"])
        self._owed = metrics.gauge(
            "cdr_queue", "CDRs that an output still has to deliver.", ["output"]
        )
        self._streamed = metrics.counter(
            "cdr_stream_tries", "Tries to publish a CDR, by outcome.", ["outcome"]
        )
        self._notices = metrics.counter(
            "notices", "Tries to tell OUT_POST_URL something, by outcome.", ["outcome"]
        )
        self._alarms = metrics.gauge("alarms", "Alarms that hold, by type and level.", ALARM_LABELS)
        self._payments = metrics.counter("payments", "Payments booked.")
        self._commit_requests = metrics.histogram(
            "ledger_commit_requests", "Requests in one group commit.", buckets=BATCHES
        )
        self._commit_duration = metrics.histogram(
            "ledger_commit_duration_seconds", "Duration of one group commit."
        )
        self._commit_failures = metrics.counter(
            "ledger_commit_failures", "Group commits that could not be written."
        )
        self._reservations = metrics.gauge(
            "reservations", "Calls that hold a reservation, as far as this replica knows."
        )

        self.traffic = TrafficCounter()
        self.queues: dict[str, int] = {}
        """What outputs owe, as last looked at."""
        self.failing = False
        """Whether the last group commit failed."""

    def watch(self, till: Till) -> None:
        """Show the calls in progress of a till."""
        self._reservations.set_function(lambda: len(till.reservations))

    def committed(self, requests: int, seconds: float, changes: Changes) -> None:
        """Count a group commit."""
        self.failing = False
        self._commit_requests.observe(requests)
        self._commit_duration.observe(seconds)
        self._cdrs.inc(len(changes.cdrs))
        for warning in changes.warnings:
            self._spend_warnings.labels(warning.brake).inc()
            log.warning("spend_warning", account=warning.account, evidence=warning.evidence)

    def failed(self) -> None:
        """Count a group commit that could not be written."""
        self.failing = True
        self._commit_failures.inc()

    def expired(self, settlement: Settlement) -> None:
        """Count a call settled because its lease ran out."""
        self._count(settlement, "expired")

    def settled(self, settlement: Settlement) -> None:
        """Count a call that was charged."""
        self._count(settlement, "settled" if settlement.recorded else "not_recorded")

    def duplicate(self) -> None:
        """Count a settlement that came again."""
        self._settlements.labels("duplicate").inc()

    def pushed(self, outcome: str, count: int) -> None:
        """Count pushes: taken, failed or given_up."""
        self._pushes.labels(outcome).inc(count)

    def streamed(self, outcome: str, count: int) -> None:
        """Count tries to publish a CDR: taken or failed."""
        self._streamed.labels(outcome).inc(count)

    def noticed(self, outcome: str, count: int) -> None:
        """Count notices: taken, failed or given_up."""
        self._notices.labels(outcome).inc(count)

    def owed(self, counts: Mapping[str, int]) -> None:
        """Show what outputs owe."""
        self.queues = dict(counts)
        for output, count in counts.items():
            self._owed.labels(output).set(count)

    def alarmed(self, conditions: Iterable[Condition]) -> None:
        """Show the alarms that hold."""
        self._alarms.clear()
        for one in conditions:
            self._alarms.labels(one.type, one.level.name.lower()).inc()

    def paid(self) -> None:
        """Count a payment."""
        self._payments.inc()

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Time a settlement."""
        with self._settle_duration.time():
            yield

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Count a refusal that leaves the block."""
        try:
            yield
        except Refused as error:
            self._refusals.labels(error.call_end_reason.name.lower()).inc()
            raise

    def _count(self, settlement: Settlement, outcome: str) -> None:
        self._settlements.labels(outcome).inc()
        if unsold(settlement):
            self._unsold.inc()
        cdr = settlement.cdr
        self.traffic.add(cdr)
        if cdr.payer is not None:
            self._charges.labels(cdr.payer.currency).inc(float(cdr.payer.fee))
            top = cdr.agents[-1] if cdr.agents else cdr.payer
            self._revenue.labels(top.currency).inc(float(top.fee))
        if cdr.vendor is not None:
            self._costs.labels(cdr.vendor.currency).inc(float(cdr.vendor.fee))
