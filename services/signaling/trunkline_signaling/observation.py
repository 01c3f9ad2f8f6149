"""What is told of the calls: metrics, the trace, and the log. Satisfies the switch's `Observer`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import structlog
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.tracing import Attributes, Spans

from .call_states import CallStates, Tell
from .calls.audibility import defect_of
from .calls.call import Call
from .calls.cdr import Cdr
from .calls.effects import Note
from .calls.parties import EndpointKind
from .calls.reasons import spoken
from .calls.services import Answer, Question, ServiceFailed
from .gateway_metrics import GatewayMetrics
from .sip.flow import Flow
from .sip.methods import REASON_PHRASES
from .trace.collector import Collector
from .trace.decisions import service_of, summary_of
from .trace.events import EventKind
from .trace.ring import Trace

log = structlog.stdlib.get_logger(__name__)
_plain_log = logging.getLogger(__name__)

DELAY_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
RINGING_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30)
KNOWN: Final = frozenset(
    {
        *("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "UPDATE", "PRACK"),
        *("MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH"),
        *map(str, REASON_PHRASES),
    }
)
"""Values of the label `message`: anything else is "other", so that no peer invents labels."""
OTHER: Final = b"other"


class Observation:
    """Counts, traces and logs."""

    def __init__(
        self,
        metrics: Metrics,
        trace: Trace,
        collector: Collector | None = None,
        spans: Spans | None = None,
        tell: Tell | None = None,
    ) -> None:
        """`collector` hears messages as HEP, `spans` every call that ended, `tell` where calls
        stand; None hears nothing.
        """
        self._trace = trace
        self._collector = collector
        self._spans = spans
        self._states = CallStates(tell) if tell is not None else None
        self.received = MessageCounts()
        self.sent = MessageCounts()
        self._began = metrics.counter("calls_begun", "INVITEs that began a call.")
        self._answered = metrics.counter("calls_answered", "Calls that were answered.")
        self._ended = metrics.counter("calls_ended", "Calls with a CDR, by reason.", ["reason"])
        self._in_progress = metrics.gauge("calls_in_progress", "Calls now.")
        self._dropped = metrics.counter("requests_dropped", "Requests without any answer.")
        self._setup = metrics.histogram(
            "setup_delay_seconds",
            "Delay we add: INVITE in to the first INVITE out.",
            buckets=DELAY_BUCKETS,
        )
        self._post_dial = metrics.histogram(
            "post_dial_delay_seconds",
            "INVITE out to the first 18x or final answer, by attempt.",
            buckets=RINGING_BUCKETS,
        )
        self._gateways = GatewayMetrics(metrics)
        self._inaudible = metrics.counter(
            "calls_inaudible",
            "Answered calls of 5 s or more in which the relay got no RTP of a side.",
            ["defect"],
        )
        self._talk = metrics.counter("talk_seconds", "Talk time of ended calls.")

    def message_received(self, data: bytes, flow: Flow) -> None:
        """Count and trace what came in."""
        self.received.count(data)
        if self._collector is not None:
            self._collector.offer(data, flow, sent=False)
        if self._trace.on:
            self._trace.message(EventKind.RECEIVED, data, flow)

    def message_sent(self, data: bytes, flow: Flow) -> None:
        """Count and trace what goes out."""
        self.sent.count(data)
        if self._collector is not None:
            self._collector.offer(data, flow, sent=True)
        if self._trace.on:
            self._trace.message(EventKind.SENT, data, flow)

    def call_began(self, call_id: str, sip_call_id: str) -> None:
        """Count the call."""
        self._began.inc()
        self._in_progress.inc()
        self._trace.call_began(call_id, sip_call_id)

    def leg_began(self, call_id: str, sip_call_id: str) -> None:
        """Let the trace know leg B."""
        self._trace.call_began(call_id, sip_call_id)

    def decided(self, call_id: str, question: Question, answer: Answer | ServiceFailed) -> None:
        """Trace a decision; log a failure."""
        if isinstance(answer, ServiceFailed):
            log.warning(
                "a service gave no answer",
                call_id=call_id,
                service=answer.service,
                error=answer.explanation,
            )
        if self._trace.on:
            summary = summary_of(question, answer)
            self._trace.decision(EventKind.DECISION, call_id, service_of(question), summary)

    def noted(self, call_id: str, note: Note) -> None:
        """Trace and log what a call decided itself."""
        if note.dropped:
            self._dropped.inc()
        if self._trace.on:
            kind = EventKind.DROPPED if note.dropped else EventKind.EVENT
            self._trace.decision(kind, call_id, "signaling", note.summary)
        if _plain_log.isEnabledFor(logging.DEBUG):
            log.debug(note.summary, call_id=call_id)

    def dropped(self, explanation: str, data: bytes, flow: Flow) -> None:
        """Count and trace a request that gets no answer (AUT-01)."""
        self._dropped.inc()
        if self._trace.on:
            self._trace.message(EventKind.DROPPED, data, flow, f"dropped: {explanation}")

    def moved(self, call: Call) -> None:
        """Tell where the call stands, if anybody wants to know."""
        if self._states is not None:
            self._states.moved(call)

    def call_answered(self, cdr: Cdr) -> None:
        """Count the answer."""
        self._answered.inc()

    def call_ended(self, cdr: Cdr | None, call_id: str) -> None:
        """Count the end."""
        self._in_progress.dec()
        self._trace.call_ended(call_id)
        if self._states is not None:
            self._states.forget(call_id)
        if cdr is None:
            return
        self._ended.labels(cdr.reason.name.lower()).inc()
        self._talk.inc(cdr.talk.total_seconds())
        self._judge_audio(cdr)
        self._gateways.call_ended(cdr)
        if self._spans is not None:
            self._spans.ended(call_id, cdr.setup_time, cdr.end_time, _described(cdr))
        if cdr.attempts:
            self._setup.observe(cdr.attempts[0].start_time - cdr.setup_time)
        for attempt in cdr.attempts:
            if attempt.post_dial_delay is not None:
                self._post_dial.observe(attempt.post_dial_delay.total_seconds())
        if _plain_log.isEnabledFor(logging.DEBUG):
            log.debug("call ended", call_id=call_id, reason=spoken(cdr.reason), talk=str(cdr.talk))

    def _judge_audio(self, cdr: Cdr) -> None:
        """Count and log calls whose sides could not hear each other."""
        defect = defect_of(cdr)
        if defect is None:
            return
        self._inaudible.labels(defect.name.lower()).inc()
        log.warning(
            "a call had no audio",
            call_id=cdr.call_id,
            defect=defect.value,
            caller=str(cdr.caller_endpoint),
            callee=str(cdr.callee_endpoint),
        )


class MessageCounts:
    """Counts messages of one direction by their first word: a dictionary is all a hot path pays."""

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}

    def count(self, data: bytes) -> None:
        """Count one."""
        word = data[8:11] if data.startswith(b"SIP/2.0 ") else data[:20].partition(b" ")[0]
        try:
            self._counts[word] += 1
        except KeyError:
            self._learn(word)

    def by_message(self) -> Mapping[str, int]:
        """Return the counts by method or status."""
        return {word.decode("ascii"): count for word, count in self._counts.items()}

    def _learn(self, word: bytes) -> None:
        text = word.decode("ascii", "replace")
        known = word if text in KNOWN else OTHER
        self._counts[known] = self._counts.get(known, 0) + 1


def _described(cdr: Cdr) -> Attributes:
    """Return what a trace says of a call; numbers of people are left out, as are phones' names."""
    sides = {"caller": cdr.caller_endpoint, "callee": cdr.callee_endpoint}
    return {
        "trunkline.reason": cdr.reason.name.lower(),
        "trunkline.sip_status": cdr.sip_status,
        "trunkline.attempts": len(cdr.attempts),
        "trunkline.talk_seconds": cdr.talk.total_seconds(),
        **{
            f"trunkline.{side}": endpoint.name
            for side, endpoint in sides.items()
            if endpoint is not None and endpoint.kind is not EndpointKind.PHONE
        },
    }
