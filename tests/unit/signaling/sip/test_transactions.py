"""The four transaction machines, alone and on virtual time."""

import gc
import weakref
from collections.abc import Hashable
from random import Random

import pytest
from trunkline_signaling.sip.errors import LocalProtocolError
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import (
    AckReceived,
    AckTimedOut,
    CancelReceived,
    Event,
    Output,
    RefusalDue,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Transmit,
    TransportFailed,
)
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.timing import Timing
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.transactions import ServerTransaction, State

PEER = Flow(Transport.UDP, ("192.0.2.2", 5060), ("192.0.2.1", 5060))
PEER_TCP = PEER._replace(transport=Transport.TCP)
THREE_WAITS = Timing(resend=(1.0, 1.0, 1.0))


def layer(timing: Timing = THREE_WAITS) -> TransactionLayer:
    return TransactionLayer(Random(7), timing)


def request(method: str = "INVITE", *, via: str = "", tag: str = "", number: int = 1) -> Request:
    headers = Headers([("Via", via)] if via else [])
    headers.set("Max-Forwards", 70)
    headers.set("From", "<sip:alice@a>;tag=a1")
    headers.set("To", "<sip:bob@b>" + (f";tag={tag}" if tag else ""))
    headers.set("Call-ID", "c1")
    headers.set("CSeq", f"{number} {method}")
    return Request(method, "sip:bob@b", headers)


def incoming(method: str = "INVITE", *, branch: str = "z9hG4bKx", tag: str = "") -> bytes:
    via = f"SIP/2.0/UDP 192.0.2.2:5060;branch={branch};rport"
    return request(method, via=via, tag=tag).encode()


def answer_to(sent: Request, status: int, tag: str = "b1") -> bytes:
    return sent.reply(status, to_tag=tag).encode()


def wire(outputs: list[Output]) -> list[str]:
    """Return the start lines of what is sent."""
    return [o.data.partition(b"\r\n")[0].decode() for o in outputs if isinstance(o, Transmit)]


def events(outputs: list[Output]) -> list[Event]:
    return [output for output in outputs if not isinstance(output, Transmit)]


def statuses(outputs: list[Output]) -> list[int]:
    return [o.response.status for o in outputs if isinstance(o, ResponseReceived)]


def accept(core: TransactionLayer, data: bytes, flow: Flow = PEER) -> ServerTransaction:
    core.receive(data, flow, now=0.0)
    (event,) = core.drain()
    assert isinstance(event, RequestReceived)
    return event.transaction


def sends_over(core: TransactionLayer, until: float) -> list[float]:
    """Run the clock in steps of 0.1 s and return when something was sent."""
    moments = []
    for step in range(1, round(until * 10) + 1):
        core.on_timer(step / 10)
        moments += [step / 10 for o in core.drain() if isinstance(o, Transmit)]
    return moments


# Client, INVITE


def test_a_silent_peer_gets_the_list_and_then_the_request_fails() -> None:
    """SIG-08 acceptance (a): list 1,1,1 sends at 0, 1 and 2 s, failure at 3 s."""
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    assert len(wire(core.drain())) == 1

    core.on_timer(0.9)
    assert core.drain() == []
    core.on_timer(1.0)
    assert len(wire(core.drain())) == 1
    core.on_timer(2.0)
    assert len(wire(core.drain())) == 1
    core.on_timer(2.9)
    assert core.drain() == []
    core.on_timer(3.0)
    assert core.drain() == [RequestTimedOut(transaction)]
    core.on_timer(35.0)
    assert core.drain() == []
    assert len(core) == 0


def test_a_provisional_response_stops_the_copies_of_an_invite() -> None:
    """SIG-08 acceptance (b)."""
    core = layer()
    sent = core.send_request(request(), PEER, now=0.0).request
    core.receive(answer_to(sent, 100), PEER, now=0.7)
    assert statuses(core.drain()) == [100]

    assert sends_over(core, until=20.0) == []
    assert len(core) == 1


@pytest.mark.parametrize(
    "waits", [(), (0.05,), (33.0,), (1.0,) * 21], ids=["none", "short", "long", "many"]
)
def test_a_resend_list_out_of_range_is_refused(waits: tuple[float, ...]) -> None:
    """SIG-08 acceptance (c)."""
    with pytest.raises(ValueError, match="1 to 20 waits"):
        Timing(resend=waits)


def test_over_tcp_nothing_is_repeated_and_the_sum_of_the_list_is_the_limit() -> None:
    core = layer()
    transaction = core.send_request(request(), PEER_TCP, now=0.0)
    core.drain()

    assert core.next_deadline() == 3.0
    core.on_timer(3.0)
    assert core.drain() == [RequestTimedOut(transaction)]


def test_a_failure_is_acknowledged_by_the_transaction_each_time_it_comes() -> None:
    core = layer()
    sent = core.send_request(request(), PEER, now=0.0).request
    core.drain()

    core.receive(answer_to(sent, 486), PEER, now=0.1)
    core.receive(answer_to(sent, 486), PEER, now=0.2)

    outputs = core.drain()
    assert wire(outputs) == ["ACK sip:bob@b SIP/2.0"] * 2
    assert statuses(outputs) == [486]
    ack = parse_datagram(next(o.data for o in outputs if isinstance(o, Transmit)))
    assert ack.headers.via.branch == sent.headers.via.branch
    assert ack.headers.to.tag == "b1"
    assert str(ack.headers.cseq) == "1 ACK"
    core.on_timer(33.0)
    assert len(core) == 0


def test_every_2xx_is_passed_up_until_its_ack_is_known() -> None:
    """RFC 6026; RFC 3261 13.2.2.4: the ACK goes again with each copy, forks stay apart."""
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 200, tag="fork1"), PEER, now=0.1)
    core.drain()
    core.send_ack(transaction, request("ACK", tag="fork1"), PEER)
    first = core.drain()

    core.receive(answer_to(transaction.request, 200, tag="fork1"), PEER, now=0.6)
    assert core.drain() == first
    core.receive(answer_to(transaction.request, 200, tag="fork2"), PEER, now=0.7)
    assert statuses(core.drain()) == [200]


def test_a_provisional_response_behind_the_final_one_is_dropped() -> None:
    core = layer()
    sent = core.send_request(request(), PEER, now=0.0).request
    core.receive(answer_to(sent, 200), PEER, now=0.1)
    core.receive(answer_to(sent, 180), PEER, now=0.2)

    assert statuses(core.drain()) == [200]


# Client, CANCEL


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.cancel(transaction, now=0.1)
    assert wire(core.drain()) == ["INVITE sip:bob@b SIP/2.0"]

    core.receive(answer_to(transaction.request, 100), PEER, now=0.2)

    outputs = core.drain()
    assert wire(outputs) == ["CANCEL sip:bob@b SIP/2.0"]
    cancel = parse_datagram(next(o.data for o in outputs if isinstance(o, Transmit)))
    assert cancel.headers.via == transaction.request.headers.via
    assert str(cancel.headers.cseq) == "1 CANCEL"


def test_a_cancelled_invite_ends_with_its_487() -> None:
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 180), PEER, now=0.1)
    core.cancel(transaction, now=0.2)
    core.drain()

    core.receive(answer_to(transaction.request, 487), PEER, now=0.3)

    assert statuses(core.drain()) == [487]


def test_a_cancelled_invite_without_final_response_times_out() -> None:
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 180), PEER, now=0.1)
    core.cancel(transaction, now=1.0)
    core.drain()

    core.on_timer(33.0)

    assert RequestTimedOut(transaction) in core.drain()


def test_an_answer_that_nobody_waits_for_is_passed_up_until_its_ack_is_known() -> None:
    """RFC 3261 sections 9.1 and 13.2.2.4."""
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 180), PEER, now=0.1)
    core.cancel(transaction, now=1.0)
    core.on_timer(33.0)
    core.drain()

    core.receive(answer_to(transaction.request, 200), PEER, now=212.0)
    assert statuses(core.drain()) == [200]
    core.send_ack(transaction, request("ACK", tag="b1"), PEER)
    core.drain()
    core.receive(answer_to(transaction.request, 200), PEER, now=212.5)
    assert wire(core.drain()) == ["ACK sip:bob@b SIP/2.0"]


def test_a_failure_that_nobody_waits_for_is_acknowledged() -> None:
    """RFC 3261 section 17.1.1.3."""
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 180), PEER, now=0.1)
    core.cancel(transaction, now=1.0)
    core.on_timer(33.0)
    core.drain()

    core.receive(answer_to(transaction.request, 487), PEER, now=40.0)

    assert wire(core.drain()) == ["ACK sip:bob@b SIP/2.0"]


def test_a_callee_that_never_answers_is_forgotten_after_timer_c() -> None:
    """RFC 3261 section 16.6."""
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 180), PEER, now=0.1)
    core.cancel(transaction, now=1.0)
    core.on_timer(33.0)

    core.on_timer(213.0)

    assert transaction.is_terminated


def test_a_cancel_after_the_answer_does_nothing() -> None:
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 200), PEER, now=0.1)
    core.drain()

    core.cancel(transaction, now=0.2)

    assert core.drain() == []


# Client, other requests


def test_a_final_response_is_passed_up_once() -> None:
    core = layer()
    sent = core.send_request(request("BYE", tag="b1"), PEER, now=0.0).request
    core.receive(answer_to(sent, 200), PEER, now=0.1)
    core.receive(answer_to(sent, 200), PEER, now=0.2)

    assert statuses(core.drain()) == [200]
    core.on_timer(5.2)
    assert len(core) == 0


def test_a_request_with_only_provisional_responses_times_out() -> None:
    core = layer()
    transaction = core.send_request(request("OPTIONS"), PEER, now=0.0)
    core.receive(answer_to(transaction.request, 100), PEER, now=0.5)
    core.drain()

    core.on_timer(2.9)
    assert core.drain() == []
    core.on_timer(3.0)
    assert core.drain() == [RequestTimedOut(transaction)]


def test_a_failed_transport_fails_only_what_waits_for_an_answer() -> None:
    core = layer()
    waiting = core.send_request(request(), PEER_TCP, now=0.0)
    answered = core.send_request(request("OPTIONS"), PEER_TCP, now=0.0)
    elsewhere = core.send_request(request("OPTIONS"), PEER, now=0.0)
    core.receive(answer_to(answered.request, 200), PEER_TCP, now=0.1)
    core.drain()

    core.transport_failed(PEER_TCP)

    assert core.drain() == [TransportFailed(waiting)]
    assert not elsewhere.is_terminated


def test_an_abandoned_request_is_never_heard_of_again() -> None:
    """SIG-09: no provisional response came, so no CANCEL may go."""
    core = layer()
    transaction = core.send_request(request(), PEER, now=0.0)
    core.drain()
    core.abandon(transaction)

    assert sends_over(core, until=4.0) == []
    core.receive(answer_to(transaction.request, 200), PEER, now=4.0)
    assert core.counters.stray_responses == 1


def test_a_timeout_counts_once_whoever_ends_in_silence_behind_it() -> None:
    core = layer()
    core.send_request(request(), PEER, now=0.0)
    answered = core.send_request(request("OPTIONS"), PEER, now=2.5)
    core.receive(answer_to(answered.request, 200), PEER, now=2.6)

    core.on_timer(8.0)

    assert core.counters.timeouts == 1


def test_a_response_to_nothing_of_ours_is_counted_and_dropped() -> None:
    core = layer()
    stranger: Response = request(via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKother").reply(200)
    core.receive(stranger.encode(), PEER, now=0.0)

    assert core.drain() == []
    assert core.counters.stray_responses == 1


def test_a_response_whose_other_via_is_malformed_is_a_stray_one() -> None:
    core = layer()
    sent = core.send_request(request(), PEER, now=0.0).request
    core.drain()
    data = answer_to(sent, 200).replace(b"\r\nFrom", b'\r\nVia: a, "\r\nFrom')

    core.receive(data, PEER, now=0.1)

    assert core.drain() == []
    assert core.counters.stray_responses == 1


def test_only_the_right_methods_start_transactions() -> None:
    core = layer()

    with pytest.raises(LocalProtocolError, match="ACK"):
        core.send_request(request("ACK"), PEER, now=0.0)
    with pytest.raises(LocalProtocolError, match="only an INVITE"):
        core.cancel(core.send_request(request("OPTIONS"), PEER, now=0.0), now=0.0)


# Server, INVITE


def test_a_copy_of_an_invite_gets_the_last_response_again() -> None:
    core = layer()
    transaction = accept(core, incoming())
    core.receive(incoming(), PEER, now=0.1)
    assert core.drain() == []
    core.respond(transaction, transaction.request.reply(100), now=0.2)
    core.respond(transaction, transaction.request.reply(180, to_tag="b1"), now=0.3)
    core.drain()

    core.receive(incoming(), PEER, now=0.5)

    assert wire(core.drain()) == ["SIP/2.0 180 Ringing"]
    assert core.counters.copies_received == 2


def test_a_failure_is_repeated_until_the_ack_arrives() -> None:
    core = layer()
    transaction = accept(core, incoming())
    core.respond(transaction, transaction.request.reply(486, to_tag="b1"), now=0.0)
    core.drain()

    core.on_timer(1.0)
    assert wire(core.drain()) == ["SIP/2.0 486 Busy Here"]
    core.receive(incoming("ACK", tag="b1"), PEER, now=1.5)
    assert sends_over(core, until=10.0) == []
    assert len(core) == 0


def test_a_failure_without_ack_is_given_up() -> None:
    core = layer()
    transaction = accept(core, incoming())
    core.respond(transaction, transaction.request.reply(486, to_tag="b1"), now=0.0)
    core.drain()

    assert sends_over(core, until=2.5) == [1.0, 2.0]
    core.on_timer(3.0)
    assert core.drain() == [AckTimedOut(transaction)]
    assert core.counters.timeouts == 1


def test_a_2xx_is_left_to_the_dialog_and_copies_of_the_invite_are_absorbed() -> None:
    """RFC 6026 section 7.1."""
    core = layer()
    transaction = accept(core, incoming())
    core.respond(transaction, transaction.request.reply(200, to_tag="b1"), now=0.0)
    core.drain()
    core.receive(incoming(), PEER, now=0.5)

    assert sends_over(core, until=31.9) == []
    assert len(core) == 1
    core.on_timer(32.0)
    assert len(core) == 0


def test_the_ack_for_a_2xx_is_passed_up() -> None:
    core = layer()
    transaction = accept(core, incoming())
    core.respond(transaction, transaction.request.reply(200, to_tag="b1"), now=0.0)
    core.drain()

    core.receive(incoming("ACK", branch="z9hG4bKnew", tag="b1"), PEER, now=0.1)

    (event,) = core.drain()
    assert isinstance(event, AckReceived)


def test_an_ack_that_nobody_waits_for_is_dropped() -> None:
    core = layer()
    core.receive(incoming("ACK"), PEER, now=0.0)

    assert core.drain() == []
    assert core.counters.stray_acks == 1


def test_a_cancel_is_answered_and_its_invite_is_told() -> None:
    core = layer()
    transaction = accept(core, incoming())
    core.respond(transaction, transaction.request.reply(180, to_tag="b1"), now=0.0)
    core.drain()

    core.receive(incoming("CANCEL"), PEER, now=0.1)

    outputs = core.drain()
    assert wire(outputs) == ["SIP/2.0 200 OK"]
    assert [type(event) for event in events(outputs)] == [CancelReceived]
    core.respond(transaction, transaction.request.reply(487, to_tag="b1"), now=0.1)
    assert wire(core.drain()) == ["SIP/2.0 487 Request Terminated"]


def test_a_cancel_for_nothing_gets_481() -> None:
    core = layer()
    core.receive(incoming("CANCEL"), PEER, now=0.0)

    assert wire(core.drain()) == ["SIP/2.0 481 Call/Transaction Does Not Exist"]


def test_a_request_that_came_by_two_paths_is_refused_on_the_second() -> None:
    """RFC 3261 section 8.2.2.2."""
    core = layer()
    accept(core, incoming(branch="z9hG4bKone"))
    core.receive(incoming(branch="z9hG4bKtwo"), PEER, now=0.0)

    assert wire(core.drain()) == ["SIP/2.0 482 Loop Detected"]
    assert core.counters.merged == 1


def test_a_second_final_response_is_our_own_mistake() -> None:
    core = layer()
    transaction = accept(core, incoming())
    core.respond(transaction, transaction.request.reply(486, to_tag="b1"), now=0.0)

    with pytest.raises(LocalProtocolError, match="SEND_2XX is not allowed in COMPLETED"):
        core.respond(transaction, transaction.request.reply(200, to_tag="b1"), now=0.1)


# Server, other requests


def test_a_copy_of_an_answered_request_gets_the_answer_again() -> None:
    core = layer()
    transaction = accept(core, incoming("BYE", tag="b1"))
    core.respond(transaction, transaction.request.reply(200), now=0.0)
    core.drain()

    core.receive(incoming("BYE", tag="b1"), PEER, now=0.5)

    assert wire(core.drain()) == ["SIP/2.0 200 OK"]
    core.on_timer(32.0)
    assert len(core) == 0


def test_an_ignored_request_leaves_no_trace() -> None:
    """AUT-01: unknown sources may be dropped without any reply."""
    core = layer()
    core.ignore(accept(core, incoming("REGISTER")))

    assert len(core) == 0
    accept(core, incoming("REGISTER"))


# Where it came from


@pytest.mark.parametrize(
    ("via", "noted"),
    [
        ("SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx"),
        (
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx",
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx;received=192.0.2.2",
        ),
        (
            "SIP/2.0/UDP 192.0.2.2;rport;branch=z9hG4bKx, SIP/2.0/UDP q",
            "SIP/2.0/UDP 192.0.2.2;rport=5060;branch=z9hG4bKx;received=192.0.2.2",
        ),
    ],
    ids=["as it says", "behind a NAT", "asked by rport"],
)
def test_the_topmost_via_tells_where_a_request_came_from(via: str, noted: str) -> None:
    core = layer()
    transaction = accept(core, request("OPTIONS", via=via).encode())

    assert transaction.request.headers.values("Via")[0] == noted


def test_the_answer_goes_where_the_request_came_from() -> None:
    """SIG-18 method 0; the user may set another flow."""
    core = layer()
    transaction = accept(core, incoming("OPTIONS"))
    core.respond(transaction, transaction.request.reply(200, to_tag="b1"), now=0.0)

    (transmit,) = core.drain()
    assert isinstance(transmit, Transmit)
    assert transmit.flow == PEER


def test_requests_of_rfc2543_are_matched_without_a_branch() -> None:
    core = layer()
    via = "SIP/2.0/UDP 192.0.2.2"
    transaction = accept(core, request(via=via).encode())
    core.respond(transaction, transaction.request.reply(486, to_tag="b1"), now=0.0)
    core.drain()

    core.receive(request("ACK", via=via, tag="b1").encode(), PEER, now=0.1)

    assert sends_over(core, until=4.0) == []


def test_a_cancel_of_rfc2543_finds_its_invite_behind_a_nat() -> None:
    core = layer()
    via = "SIP/2.0/UDP 10.0.0.1"
    accept(core, request(via=via).encode())

    core.receive(request("CANCEL", via=via).encode(), PEER, now=0.1)

    assert [type(event) for event in events(core.drain())] == [CancelReceived]


# What the network may hold


def test_a_defect_is_answered_without_a_transaction() -> None:
    core = layer()
    core.receive(incoming().replace(b"CSeq: 1 INVITE", b"CSeq: x INVITE"), PEER, now=0.0)

    (transmit,) = core.drain()
    assert isinstance(transmit, Transmit)
    assert transmit.data.startswith(b"SIP/2.0 400 Bad Request\r\n")
    assert b'Warning: 399 trunkline "CSeq: expected a sequence number' in transmit.data
    assert len(core) == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00\xff\x80", id="noise"),
        pytest.param(incoming("ACK").replace(b"CSeq: 1", b"CSeq: x"), id="a malformed ACK"),
        pytest.param(
            request().encode().replace(b"CSeq: 1", b"CSeq: x"), id="a malformed request without Via"
        ),
    ],
)
def test_what_cannot_be_answered_is_dropped(data: bytes) -> None:
    core = layer()
    core.receive(data, PEER, now=0.0)

    assert core.drain() == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(incoming().replace(b"CSeq: 1", b"CSeq: x"), id="a malformed request"),
        pytest.param(incoming("CANCEL"), id="a CANCEL of nothing"),
    ],
)
def test_strangers_may_be_left_without_an_answer(data: bytes) -> None:
    """AUT-01: SS_REPLY_UNAUTHORIZED Off."""
    core = layer()
    core.answers_strangers = False
    core.receive(data, PEER, now=0.0)

    (due,) = core.drain()
    assert isinstance(due, RefusalDue)
    assert due.response.status in (400, 481)


def test_a_merged_request_of_a_stranger_may_be_left_without_an_answer() -> None:
    """AUT-01: two branches of one request do not betray us by a 482."""
    core = layer()
    core.answers_strangers = False
    core.receive(incoming(), PEER, now=0.0)
    core.receive(incoming(branch="z9hG4bKother"), PEER, now=0.0)

    _, due = core.drain()
    assert isinstance(due, RefusalDue)
    assert due.response.status == 482


def test_an_explanation_goes_back_without_what_a_quoted_string_must_not_hold() -> None:
    core = layer()
    data = (
        incoming().replace(b"CSeq: 1", b'CSeq: \xc3\xa9\xff\x07"\\').replace(b"1 INVITE", b"INVITE")
    )
    core.receive(data, PEER, now=0.0)

    (transmit,) = core.drain()
    assert isinstance(transmit, Transmit)
    (line,) = [one for one in transmit.data.split(b"\r\n") if one.startswith(b"Warning")]
    inside = line.decode().removeprefix('Warning: 399 trunkline "').removesuffix('"')
    assert inside.isprintable()
    assert "\u00e9" in inside
    assert not {'"', "\\"} & set(inside)


def test_a_request_sent_again_has_one_via() -> None:
    core = layer()
    first = core.send_request(request(), PEER, now=0.0).request
    again = Request(first.method, first.target, first.headers.copy())
    core.send_request(again, PEER, now=1.0)

    assert len(again.headers.values("Via")) == 1
    assert again.headers.via.branch != first.headers.via.branch


def test_thousands_of_transactions_end_in_order() -> None:
    core = layer()
    keys: list[Hashable] = []
    for number in range(2000):
        transaction = core.send_request(request("OPTIONS"), PEER, now=number / 1000)
        keys.append(transaction.key)
    core.drain()

    core.on_timer(3.5)

    ended = [o.transaction.key for o in core.drain() if isinstance(o, RequestTimedOut)]
    assert ended == keys[:501]
    core.on_timer(10.0)
    assert len(core) == 0


# Memory


def test_a_layer_shows_what_is_not_over() -> None:
    core = layer()
    over = accept(core, incoming("REGISTER"))
    asked = accept(core, incoming("OPTIONS"))
    asking = core.send_request(request(), PEER, now=0.0)
    core.ignore(over)

    assert list(core) == [asking, asked]
    assert [transaction.state for transaction in core] == [State.CALLING, State.TRYING]


def test_who_was_ignored_twice_does_not_take_its_copy_along() -> None:
    core = layer()
    first = accept(core, incoming())
    core.ignore(first)
    accept(core, incoming())
    core.ignore(first)

    assert len(core) == 1
    core.receive(incoming(branch="z9hG4bKother"), PEER, now=0.1)
    assert wire(core.drain()) == ["SIP/2.0 482 Loop Detected"]


class Element:
    """It holds its transactions, and they hold it."""

    def __init__(self) -> None:
        self.core = TransactionLayer(Random(7), sent_by=self.sent_by)
        self.asked = accept(self.core, incoming())
        self.asking = self.core.send_request(request(), PEER, now=0.0)
        self.core.send_ack(self.asking, request("ACK", tag="b1"), PEER)
        self.asked.owner = self.asking.owner = self

    def sent_by(self, _: Flow) -> str:
        return "192.0.2.1"


def test_rings_through_transactions_are_collected() -> None:
    gone = weakref.ref(Element())

    gc.collect()

    assert gone() is None
