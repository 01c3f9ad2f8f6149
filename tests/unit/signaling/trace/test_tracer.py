"""MGT-03: the trace holds what was asked for, no more memory than allowed, and no key."""

from trunkline_signaling.trace import TraceEvent, TraceEventKind, TraceFilter, Tracer

INVITE = (
    b"INVITE sip:4420@switch SIP/2.0\r\nFrom: <sip:+1415@pbx>;tag=1\r\nTo: <sip:4420@switch>\r\n"
    b"Call-ID: leg-a@pbx\r\nCSeq: 1 INVITE\r\n\r\n"
)


def received(
    message: bytes = INVITE, *, call_id: str = "call", time: float = 1.0, source: str = "10.0.0.1"
) -> TraceEvent:
    return TraceEvent(
        time,
        TraceEventKind.RECEIVED,
        f"{source}:5060",
        "127.0.0.1:5060",
        "INVITE",
        call_id,
        "A",
        "UDP",
        message,
    )


def decided(call_id: str = "call", time: float = 2.0) -> TraceEvent:
    return TraceEvent(time, TraceEventKind.DECISION, "routing", "", "route to voxcarrier", call_id)


def captured(wanted: TraceFilter, *events: TraceEvent) -> list[TraceEvent]:
    tracer = Tracer()
    tracer.start(wanted)
    for event in events:
        tracer.record(event)
    return list(tracer.read(TraceFilter()))


def test_nothing_is_captured_before_it_is_started_and_after_it_is_stopped() -> None:
    tracer = Tracer()
    tracer.record(received())
    tracer.start(TraceFilter())
    tracer.record(received())
    tracer.stop()
    tracer.record(received())

    assert len(tracer) == 1


def test_it_ends_by_itself_at_its_time() -> None:
    tracer = Tracer()
    tracer.start(TraceFilter(), end=600.0)

    tracer.record(received(time=599.9))
    tracer.record(received(time=600.0))

    assert len(tracer) == 1
    assert not tracer.is_on(600.0)


def test_a_filter_by_address_takes_that_address_only() -> None:
    mine, other = received(source="10.0.0.1"), received(source="10.0.0.11", call_id="other")

    assert captured(TraceFilter(ip="10.0.0.1"), mine, other) == [mine]


def test_a_call_that_matched_brings_its_decisions_along() -> None:
    assert captured(TraceFilter(number="1415"), received(), decided()) == [received(), decided()]


def test_decisions_of_other_calls_stay_out() -> None:
    assert captured(TraceFilter(number="1415"), received(), decided("other")) == [received()]


def test_a_number_matches_in_full_only() -> None:
    assert captured(TraceFilter(number="415"), received()) == []


def test_a_sip_call_id_finds_the_call() -> None:
    assert captured(TraceFilter(call_id="leg-a@pbx"), received()) == [received()]


def test_a_method_filter_reads_cseq() -> None:
    register = INVITE.replace(b"1 INVITE", b"1 REGISTER")

    assert captured(TraceFilter(method="REGISTER"), received(), received(register)) == [
        received(register)
    ]


def test_a_dropped_scanner_is_in_the_trace() -> None:
    """AUT-01: what gets no answer stays visible."""
    dropped = TraceEvent(
        1.0,
        TraceEventKind.DROPPED,
        "203.0.113.9:5060",
        "",
        "dropped: unauthorized",
        message=INVITE,
    )

    assert captured(TraceFilter(ip="203.0.113.9"), dropped) == [dropped]


def test_the_oldest_events_leave_when_the_ring_is_full() -> None:
    tracer = Tracer(max_bytes=3 * received().size)
    tracer.start(TraceFilter())

    for number in range(10):
        tracer.record(received(time=float(number)))

    assert [event.time for event in tracer.read(TraceFilter())] == [7.0, 8.0, 9.0]


def test_keys_of_sdes_are_never_captured() -> None:
    message = INVITE + b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0a2V5|2^31\r\n"

    (event,) = captured(TraceFilter(), received(message))

    assert b"c2VjcmV0a2V5" not in event.message
    assert b"inline:***|2^31" in event.message


def test_subscribers_hear_what_is_captured_until_they_leave() -> None:
    tracer, heard = Tracer(), list[TraceEvent]()
    tracer.start(TraceFilter())
    leave = tracer.subscribe(heard.append)

    tracer.record(received())
    leave()
    tracer.record(received())

    assert heard == [received()]
