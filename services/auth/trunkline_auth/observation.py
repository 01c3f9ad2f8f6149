"""What operators see of admission: metrics, and a log line where something begins or ends."""

from functools import lru_cache
from typing import Final

import structlog
from prometheus_client import Counter
from trunkline_kernel.metrics import Metrics

from .admission.decisions import Allow, Challenged, Decision, Drop, Refusal, Reject
from .admission.failures import Suspension
from .admission.registrar import Registered
from .admission.requests import SipRequest
from .registrations import Binding

log = structlog.stdlib.get_logger(__name__)

_METHODS: Final = frozenset(
    {"ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK"}
    | {"PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE"}
)
"""Label values; a scanner may send any word."""


class Observation:
    """Counts decisions and tells of suspensions and terminals."""

    def __init__(self, metrics: Metrics) -> None:
        labels = ("outcome", "reason")
        self._admits = _Cached(metrics.counter("admits", "Requests judged by Admit.", labels))
        self._registers = _Cached(
            metrics.counter("registers", "Requests judged by Register.", labels)
        )
        self._unauthorized = _Cached(
            metrics.counter(
                "unauthorized_requests",
                "Requests of unknown sources (AUT-01).",
                ("method", "action"),
            )
        )
        self._suspended = _Cached(
            metrics.counter("suspensions_started", "Suspensions that began.", ("kind",))
        )
        self.registrations = metrics.gauge("registrations", "Terminals that are registered.")
        self.suspensions = metrics.gauge("suspensions", "Suspensions that hold.")

    def admitted(self, request: SipRequest, decision: Decision) -> None:
        self._admits.inc(*_outcome(decision))
        if not isinstance(decision, Allow):
            self._refused(request, decision)

    def registered(self, request: SipRequest, outcome: Registered | Refusal) -> None:
        if isinstance(outcome, Registered):
            self._registers.inc("registered", "bound" if outcome.binding else "unbound")
            return
        self._registers.inc(*_outcome(outcome))
        self._refused(request, outcome)

    def came_online(self, binding: Binding) -> None:
        log.info(
            "terminal came online",
            endpoint=str(binding.endpoint),
            received=str(binding.received),
            user_agent=binding.user_agent,
        )

    def went_offline(self, binding: Binding) -> None:
        log.info("terminal went offline", endpoint=str(binding.endpoint))

    def suspended(self, suspension: Suspension) -> None:
        self._suspended.inc(suspension.key.kind)
        log.warning(
            "suspended",
            identity=suspension.key.identity,
            ip=suspension.key.ip,
            refused=suspension.key.kind,
            until=suspension.until.isoformat(timespec="seconds"),
        )

    def _refused(self, request: SipRequest, decision: Refusal) -> None:
        outcome, reason = _outcome(decision)
        if decision.unknown_source:
            method = request.method if request.method in _METHODS else "other"
            self._unauthorized.inc(method, outcome)
        if isinstance(decision, Challenged):
            return
        log.debug(
            f"request {outcome}",
            method=request.method,
            source=str(request.source),
            reason=reason,
            explanation=decision.explanation,
        )


class _Cached:
    """A counter whose children are looked up once: labels() costs more than an admission by IP."""

    def __init__(self, counter: Counter) -> None:
        self._child = lru_cache(maxsize=None)(counter.labels)

    def inc(self, *labels: str) -> None:
        self._child(*labels).inc()


def _outcome(decision: Decision) -> tuple[str, str]:
    match decision:
        case Allow(by=by):
            return "allowed", by
        case Challenged(challenge):
            return "challenged", "stale" if challenge.stale else ""
        case Reject(reason=reason):
            return "rejected", reason
        case Drop(reason=reason):
            return "dropped", reason
