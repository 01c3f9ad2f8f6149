"""The debug trace (MGT-03)."""

import asyncio
from datetime import timedelta

import pytest
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.trace.events import EventKind, TraceEvent, TraceFilter
from trunkline_signaling.trace.ring import Trace

FLOW = Flow(Transport.UDP, ("10.0.0.2", 5060), ("10.0.0.1", 5060))
OTHER = Flow(Transport.UDP, ("10.0.0.3", 5060), ("10.0.0.1", 5060))


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def invite(call_id: str = "a-leg", number: str = "4420", method: str = "INVITE") -> bytes:
    """Return a request."""
    return (
        f"{method} sip:{number}@10.0.0.1 SIP/2.0\r\nCall-ID: {call_id}\r\n"
        f"From: <sip:1001@x>\r\nCSeq: 1 {method}\r\n\r\n"
    ).encode()


async def read(trace: Trace, wanted: TraceFilter | None = None) -> list[TraceEvent]:
    """Return what was captured."""
    return [event async for event in trace.read(wanted or TraceFilter(), follow=False)]


async def test_it_is_off_until_somebody_wants_it() -> None:
    assert not Trace(1000, Clock()).on


async def test_it_goes_off_by_itself() -> None:
    clock = Clock()
    trace = Trace(1000, clock)

    assert trace.start(TraceFilter(), timedelta(minutes=10)) == 700.0
    clock.time = 699.0
    assert trace.on
    clock.time = 700.0
    assert not trace.on


async def test_both_legs_and_the_decisions_are_one_ladder_in_order_of_time() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    trace.call_began("call-1", "a-leg")
    trace.message(EventKind.RECEIVED, invite(), FLOW)
    trace.decision(EventKind.DECISION, "call-1", "auth", "allow mapping gateway acme-pbx")
    trace.call_began("call-1", "b-leg")
    trace.message(EventKind.SENT, invite("b-leg"), OTHER)

    events = await read(trace, TraceFilter(call_id="call-1"))

    assert [(event.leg, event.source) for event in events] == [
        ("A", "10.0.0.2:5060"),
        ("", "auth"),
        ("B", "10.0.0.1:5060"),
    ]


async def test_a_sip_call_id_of_either_leg_names_the_call() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    trace.call_began("call-1", "a-leg")
    trace.call_began("call-1", "b-leg")
    trace.message(EventKind.RECEIVED, invite(), FLOW)
    trace.message(EventKind.RECEIVED, invite("another"), FLOW)

    assert len(await read(trace, TraceFilter(call_id="b-leg"))) == 1


async def test_mgt03_a_filter_by_address_captures_its_messages_only() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(ip="10.0.0.3"), timedelta(minutes=10))
    trace.call_began("call-1", "a-leg")
    trace.message(EventKind.RECEIVED, invite(), FLOW)
    trace.decision(EventKind.DECISION, "call-1", "auth", "allow")
    trace.message(EventKind.SENT, invite(), OTHER)

    assert [event.destination for event in await read(trace)] == ["10.0.0.3:5060"]


async def test_a_filter_by_number_captures_the_whole_call_from_its_first_match_on() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(number="4420"), None)
    trace.call_began("call-1", "a-leg")
    trace.message(EventKind.RECEIVED, invite(), FLOW)
    trace.decision(EventKind.DECISION, "call-1", "routing", "4420 to 0020")
    trace.call_began("call-1", "b-leg")
    trace.message(EventKind.SENT, invite("b-leg", number="0020"), OTHER)
    trace.message(EventKind.RECEIVED, invite("stranger", number="44201"), FLOW)

    assert len(await read(trace)) == 3


@pytest.mark.parametrize(("method", "count"), [("REGISTER", 1), ("INVITE", 2)])
async def test_a_filter_by_method_takes_requests_and_their_responses(
    method: str, count: int
) -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(method=method), None)
    trace.message(EventKind.RECEIVED, invite(method="REGISTER"), FLOW)
    trace.message(EventKind.RECEIVED, invite(), FLOW)
    trace.message(EventKind.SENT, b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n", FLOW)

    assert len(await read(trace)) == count


async def test_the_ring_forgets_the_oldest_when_its_bytes_are_used_up() -> None:
    trace = Trace(5000, Clock())
    trace.start(TraceFilter(), None)
    for number in range(100):
        trace.message(EventKind.RECEIVED, invite(f"call-{number}"), FLOW)

    events = await read(trace)

    assert sum(event.size for event in events) <= 5000
    assert events[-1].serial == 100


async def test_keys_of_media_are_never_in_it() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    body = (
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:VerySecretKey|2^20\r\n"
        b"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:VerySecretKey;inline:VerySecretKey\r\n"
    )

    trace.message(EventKind.RECEIVED, invite() + body, FLOW)

    (event,) = await read(trace)
    assert b"VerySecretKey" not in event.message
    assert b"AES_CM_128_HMAC_SHA1_80 inline:***|2^20" in event.message


async def test_a_dropped_request_says_why() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)

    trace.message(EventKind.DROPPED, invite(), FLOW, "dropped: unauthorized")

    (event,) = await read(trace)
    assert event.summary == "dropped: unauthorized"


async def test_a_new_trace_forgets_the_old_one_and_a_stopped_one_stays_readable() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    trace.message(EventKind.RECEIVED, invite(), FLOW)

    assert trace.stop() == 1
    assert len(await read(trace)) == 1
    trace.start(TraceFilter(), None)
    assert await read(trace) == []


async def test_mgt03_a_reader_that_follows_ends_with_the_time_of_the_trace() -> None:
    trace = Trace(100_000, asyncio.get_running_loop().time)
    trace.start(TraceFilter(), timedelta(seconds=0.05))

    async with asyncio.timeout(5):
        assert [event async for event in trace.read(TraceFilter(), follow=True)] == []


async def test_passwords_are_not_in_the_summary_either() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    trace.message(EventKind.RECEIVED, b"INVITE sip:a:hush@b SIP/2.0\r\n\r\n", FLOW)

    (event,) = await read(trace)
    assert event.summary == "INVITE sip:a:***@b SIP/2.0"


async def test_a_reader_that_follows_sees_what_comes_and_ends_with_the_trace() -> None:
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    trace.message(EventKind.RECEIVED, invite("first"), FLOW)
    reader = trace.read(TraceFilter(), follow=True)

    assert b"first" in (await anext(reader)).message
    trace.message(EventKind.RECEIVED, invite("second"), FLOW)
    assert b"second" in (await anext(reader)).message
    trace.stop()
    assert [event async for event in reader] == []


async def test_a_call_whose_invite_begins_another_one_leads_to_it_and_takes_it_along() -> None:
    """SIG-22: the two calls of a phone that forwards share the SIP Call-ID between them."""
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(call_id="first"), None)
    trace.call_began("first", "a-leg")
    trace.message(EventKind.RECEIVED, invite(), FLOW)
    trace.call_began("first", "inner")
    trace.message(EventKind.RECEIVED, invite("inner"), FLOW)

    trace.call_began("second", "inner")
    trace.call_began("second", "b-leg")
    trace.message(EventKind.SENT, invite("b-leg"), OTHER)

    events = await read(trace, TraceFilter(call_id="first"))
    assert [(event.call_id, event.summary.partition(" SIP")[0]) for event in events] == [
        ("first", "INVITE sip:4420@10.0.0.1"),
        ("first", "INVITE sip:4420@10.0.0.1"),
        ("first", "continues in call second"),
        ("second", "continues call first"),
        ("second", "INVITE sip:4420@10.0.0.1"),
    ]
    assert [event.continues_in for event in events] == ["", "", "second", "", ""]


async def test_a_caller_that_keeps_its_call_id_continues_nothing() -> None:
    """A challenged INVITE comes again with the same Call-ID (RFC 3261 section 22.2)."""
    trace = Trace(100_000, Clock())
    trace.start(TraceFilter(), None)
    trace.call_began("challenged", "a-leg")
    trace.call_ended("challenged")

    trace.call_began("again", "a-leg")

    assert await read(trace) == []


@pytest.mark.parametrize(
    ("local", "shown"),
    [
        (("0.0.0.0", 5060), "192.0.2.1:5060"),  # noqa: S104
        (("::", 5062), "192.0.2.1:5062"),
        (("10.0.0.1", 5060), "10.0.0.1:5060"),
    ],
    ids=["any of IPv4", "any of IPv6", "one"],
)
async def test_our_end_is_the_address_by_which_the_peer_was_reached(
    local: tuple[str, int], shown: str
) -> None:
    trace = Trace(100_000, Clock(), lambda remote, transport: ("192.0.2.1", 5060))
    trace.start(TraceFilter(), None)

    trace.message(EventKind.SENT, invite(), Flow(Transport.UDP, ("10.0.0.2", 5060), local))

    (event,) = await read(trace)
    assert (event.source, event.destination) == (shown, "10.0.0.2:5060")
