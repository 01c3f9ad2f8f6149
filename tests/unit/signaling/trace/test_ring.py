"""The trace knows which call a message belongs to (MGT-03)."""

from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.trace.events import EventKind, TraceFilter
from trunkline_signaling.trace.ring import Trace

FLOW = Flow(Transport.UDP, ("192.0.2.1", 5060), ("192.0.2.9", 5060))
INVITE = b"INVITE sip:4420@192.0.2.9 SIP/2.0\r\nTo: <sip:4420@192.0.2.9>\r\nCall-ID: a1\r\n\r\n"
OPTIONS = b"OPTIONS sip:192.0.2.9 SIP/2.0\r\nCall-ID: o1\r\n\r\n"


async def captured(trace: Trace, wanted: TraceFilter) -> list[tuple[str, str]]:
    return [(event.call_id, event.leg) async for event in trace.read(wanted, follow=False)]


async def test_the_invite_that_begins_a_call_belongs_to_it() -> None:
    trace = Trace(100_000, lambda: 0.0)
    trace.start(TraceFilter(), None)
    trace.message(EventKind.RECEIVED, OPTIONS, FLOW)
    trace.message(EventKind.RECEIVED, INVITE, FLOW)
    trace.call_began("call-1", "a1")

    assert await captured(trace, TraceFilter()) == [("", ""), ("call-1", "A")]
    assert await captured(trace, TraceFilter(call_id="call-1")) == [("call-1", "A")]


async def test_decisions_follow_an_invite_that_matched_by_its_number() -> None:
    trace = Trace(100_000, lambda: 0.0)
    trace.start(TraceFilter(number="4420"), None)
    trace.message(EventKind.RECEIVED, INVITE, FLOW)
    trace.call_began("call-1", "a1")
    trace.decision(EventKind.DECISION, "call-1", "auth", "allow")

    assert len(await captured(trace, TraceFilter())) == 2
