"""Dialogs: RFC 3261 sections 12 and 13, RFC 3262, RFC 6026."""

import gc
import weakref

import pytest
from support.network import LossyNetwork, Weather
from support.user_agent import UserAgent
from trunkline_signaling.sip.dialog import Dialog, DialogState
from trunkline_signaling.sip.errors import LocalProtocolError, MalformedMessage
from trunkline_signaling.sip.fields import CSeq, RAck
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    AnswerAcknowledged,
    AnswerTimedOut,
    DialogRequestReceived,
    Event,
    ProvisionalTimedOut,
    RequestReceived,
    ResponseReceived,
)
from trunkline_signaling.sip.timing import Timing
from trunkline_signaling.sip.uri import parse_uri

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
FLOW = Flow(Transport.UDP, BOB, ALICE)


class Call:
    """Alice, Bob and the network between them."""

    def __init__(self, weather: Weather | None = None, timing: Timing | None = None) -> None:
        self.alice = UserAgent(ALICE, timing=timing, script=self._at_alice)
        self.bob = UserAgent(BOB, timing=timing, script=self._at_bob)
        self.network = LossyNetwork(weather=weather)
        self.network.attach(ALICE, self.alice)
        self.network.attach(BOB, self.bob)
        self.invite = self.alice.send(self.alice.request("INVITE"), BOB)
        self.caller: Dialog | None = None
        self.callee: Dialog | None = None

    def _at_alice(self, agent: UserAgent, event: Event) -> None:
        if isinstance(event, ResponseReceived) and event.response.method == "INVITE":
            if event.response.is_success:
                self.caller = agent.acknowledge(event)
            elif event.response.to_tag is not None:
                agent.dialogs.establish(event)
        elif isinstance(event, DialogRequestReceived) and event.request.method == "BYE":
            agent.reply(event, 200)

    def _at_bob(self, agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            self.callee = agent.answer(event)
        elif isinstance(event, DialogRequestReceived) and event.request.method == "INVITE":
            answer = event.dialog.reply(event.request, 200)
            agent.dialogs.answer(event.dialog, event.transaction, answer, agent.now)
        elif isinstance(event, DialogRequestReceived) and event.request.method != "HOLD":
            agent.reply(event, 200)


def connected() -> tuple[Call, Dialog, Dialog]:
    call = Call()
    call.network.run(until=0.1)
    assert call.caller is not None
    assert call.callee is not None
    return call, call.caller, call.callee


def test_both_sides_of_a_call_hold_the_same_dialog() -> None:
    call, caller, callee = connected()

    assert caller.state is callee.state is DialogState.CONFIRMED
    assert caller.id == (callee.id.call_id, callee.id.remote_tag, callee.id.local_tag)
    assert str(caller.remote_target) == "sip:192.0.2.2:5060"
    assert str(callee.remote_target) == "sip:192.0.2.1:5060"
    assert len(call.bob.events_of(AnswerAcknowledged)) == 1


def test_a_bye_is_met_by_the_dialog_and_counts_on() -> None:
    call, caller, _ = connected()
    call.alice.send_in(caller, "BYE")
    call.network.run(until=0.2)

    (event,) = call.bob.events_of(DialogRequestReceived)
    assert event.dialog is call.callee
    assert event.request.headers.cseq == CSeq(2, "BYE")
    assert event.request.headers.get("To") == str(caller.remote)
    assert call.alice.statuses() == [180, 200, 200]


def test_requests_go_both_ways_with_numbers_of_their_own() -> None:
    call, caller, callee = connected()
    call.bob.send_in(callee, "INFO")
    call.alice.send_in(caller, "INFO")
    call.network.run(until=0.2)

    assert call.alice.events_of(DialogRequestReceived)[0].request.headers.cseq.number == 1
    assert call.bob.events_of(DialogRequestReceived)[0].request.headers.cseq.number == 2


def test_a_request_out_of_order_gets_500() -> None:
    """RFC 3261 section 12.2.2."""
    call, caller, _ = connected()
    caller.local_cseq = -1
    call.alice.send_in(caller, "INFO")
    call.network.run(until=0.2)

    assert call.alice.statuses() == [180, 200, 500]
    assert call.bob.events_of(DialogRequestReceived) == []


def test_a_target_refresh_moves_the_remote_target() -> None:
    call, caller, callee = connected()
    caller.local_contact = "<sip:elsewhere@192.0.2.9>"
    call.alice.send_in(caller, "UPDATE")
    call.network.run(until=0.2)

    assert str(callee.remote_target) == "sip:elsewhere@192.0.2.9"


def test_a_broken_contact_in_a_target_refresh_gets_400() -> None:
    call, caller, callee = connected()
    caller.local_contact = "<nonsense"
    call.alice.send_in(caller, "UPDATE")
    call.network.run(until=0.2)

    assert call.alice.statuses()[-1] == 400
    assert str(callee.remote_target) == "sip:192.0.2.1:5060"


def test_a_request_of_a_dialog_that_ended_is_left_to_the_user() -> None:
    call, caller, callee = connected()
    call.bob.dialogs.terminate(callee)
    call.alice.send_in(caller, "INFO")
    call.network.run(until=0.2)

    last = call.bob.events[-1]
    assert isinstance(last, RequestReceived)
    assert last.request.to_tag is not None


def test_a_2xx_is_repeated_until_the_ack_arrives() -> None:
    call = Call(timing=Timing(resend=(1.0, 1.0, 1.0)))
    call.network.run(until=0.0015)  # the 200 is on its way
    call.network.weather = Weather(loss=1.0)
    call.network.run(until=1.5)  # its ACK and one copy are lost
    call.network.weather = Weather()
    call.network.run(until=10.0)

    assert call.network.sent_from(BOB).count("SIP/2.0 200 OK") == 3
    assert call.network.sent_from(ALICE).count("ACK sip:192.0.2.2:5060 SIP/2.0") == 2
    assert call.alice.statuses() == [180, 200]
    assert len(call.bob.events_of(AnswerAcknowledged)) == 1


def test_a_2xx_without_ack_is_given_up_after_the_list() -> None:
    """SIG-08: a 200 without ACK ends the call."""
    call = Call(timing=Timing(resend=(1.0, 1.0, 1.0)))
    call.network.run(until=0.0015)
    call.network.weather = Weather(loss=1.0)
    call.network.run(until=2.9)
    assert call.bob.events_of(AnswerTimedOut) == []

    call.network.run(until=3.1)

    assert call.network.sent_from(BOB).count("SIP/2.0 200 OK") == 3
    (event,) = call.bob.events_of(AnswerTimedOut)
    assert event.dialog is call.callee


@pytest.mark.parametrize(("loss", "copies"), [(0.0, 2), (1.0, 3)], ids=["acknowledged", "never"])
def test_a_2xx_is_repeated_when_its_dialog_is_over(loss: float, copies: int) -> None:
    """RFC 3261 section 13.3.1.4: a caller that sends an early BYE may have missed the first."""
    call = Call(timing=Timing(resend=(1.0, 1.0, 1.0)))
    call.network.run(until=0.0015)
    call.network.weather = Weather(loss=1.0)
    call.network.run(until=0.5)
    assert call.callee is not None
    call.bob.dialogs.terminate(call.callee)
    call.network.weather = Weather(loss=loss)

    call.network.run(until=10.0)

    assert call.network.sent_from(BOB).count("SIP/2.0 200 OK") == copies
    assert list(call.bob.dialogs) == []


def unacknowledged() -> tuple[Call, Dialog]:
    """Return a call whose ACK is lost, and the callee's dialog."""
    call = Call(timing=Timing(resend=(1.0, 1.0, 1.0)))
    call.network.run(until=0.0015)
    call.network.weather = Weather(loss=1.0)
    call.network.run(until=0.5)
    assert call.callee is not None
    return call, call.callee


def say_bye(call: Call, callee: Dialog) -> None:
    """Let Bob hang up."""
    call.bob.dialogs.send_bye(callee, callee.request("BYE"), "Bob's", call.network.now)


@pytest.mark.parametrize("over", [False, True], ids=["dialog goes on", "dialog is over"])
@pytest.mark.parametrize(("loss", "due"), [(0.0, 1.0), (1.0, 3.0)], ids=["acknowledged", "never"])
def test_rfc3261_15_a_bye_waits_for_the_ack_of_our_2xx(loss: float, due: float, over: bool) -> None:
    """It goes when that comes, or never will."""
    call, callee = unacknowledged()
    say_bye(call, callee)
    if over:
        call.bob.dialogs.terminate(callee)
    call.network.weather = Weather(loss=loss)

    call.network.run(until=due - 0.1)
    before = list(call.network.sent_from(BOB))
    call.network.run(until=due + 0.1)

    assert "BYE sip:192.0.2.1:5060 SIP/2.0" not in before
    assert call.network.sent_from(BOB)[-1] == "BYE sip:192.0.2.1:5060 SIP/2.0"
    assert not call.bob.dialogs.holds_byes
    assert list(call.bob.dialogs) == ([] if over else [callee])


def test_a_bye_that_waited_belongs_to_whom_it_was_sent_for() -> None:
    call, callee = unacknowledged()
    say_bye(call, callee)
    assert call.bob.dialogs.holds_byes
    call.network.weather = Weather()

    call.network.run(until=2.0)

    (answer,) = call.bob.events_of(ResponseReceived)
    assert answer.transaction.owner == "Bob's"


def test_a_peer_that_goes_by_itself_gets_no_bye() -> None:
    call, callee = unacknowledged()
    say_bye(call, callee)
    call.bob.dialogs.terminate(callee)
    call.network.weather = Weather()
    assert call.caller is not None
    call.alice.send_in(call.caller, "BYE")

    call.network.run(until=10.0)

    assert "BYE sip:192.0.2.1:5060 SIP/2.0" not in call.network.sent_from(BOB)
    assert not call.bob.dialogs.holds_byes
    assert call.alice.statuses()[-1] == 200
    assert list(call.bob.dialogs) == []


def test_a_2xx_to_a_re_invite_takes_the_place_of_one_whose_ack_was_lost() -> None:
    """RFC 3261 section 14.1: who sends a re-INVITE has got the answer to its first INVITE."""
    call = Call(timing=Timing(resend=(1.0, 1.0, 1.0)))
    call.network.run(until=0.0015)  # the 200 is on its way
    call.network.weather = Weather(loss=1.0)
    call.network.run(until=0.5)  # its ACK is lost
    call.network.weather = Weather()
    assert call.caller is not None
    call.alice.send_in(call.caller, "INVITE")

    call.network.run(until=10.0)

    (event,) = call.bob.events_of(AnswerAcknowledged)
    assert event.request.headers.cseq.number == 2
    assert call.bob.events_of(AnswerTimedOut) == []


def test_an_ack_that_comes_twice_is_told_once() -> None:
    call = Call(Weather(duplication=1.0))
    call.network.run(until=0.1)

    assert len(call.bob.events_of(AnswerAcknowledged)) == 1
    assert call.bob.transactions.counters.stray_acks >= 1


def test_a_fork_makes_a_dialog_of_its_own_and_the_answer_ends_the_others() -> None:
    alice = UserAgent(ALICE)
    invite = alice.send(alice.request("INVITE"), BOB).request
    for status, tag in ((180, "one"), (183, "two"), (200, "two")):
        response = invite.reply(status, to_tag=tag)
        response.headers.set("Contact", f"<sip:{tag}@192.0.2.2>")
        alice.receive(response.encode(), FLOW, now=0.1)
    first, second, answer = alice.events_of(ResponseReceived)

    early = [alice.dialogs.establish(event) for event in (first, second)]
    confirmed = alice.dialogs.establish(answer)

    assert confirmed is early[1]
    assert [dialog.state for dialog in early] == [DialogState.TERMINATED, DialogState.CONFIRMED]
    assert list(alice.dialogs) == [confirmed]


def test_a_failure_ends_all_early_dialogs() -> None:
    alice = UserAgent(ALICE)
    invite = alice.send(alice.request("INVITE"), BOB).request
    alice.receive(invite.reply(180, to_tag="one").encode(), FLOW, now=0.1)
    (ringing,) = alice.events_of(ResponseReceived)
    dialog = alice.dialogs.establish(ringing)

    alice.receive(invite.reply(486, to_tag="one").encode(), FLOW, now=0.2)

    assert dialog.state is DialogState.TERMINATED
    assert len(alice.dialogs) == 0


def test_a_dialog_that_ended_takes_no_other_of_its_name_along() -> None:
    alice = UserAgent(ALICE)
    invite = alice.send(alice.request("INVITE"), BOB).request
    alice.receive(invite.reply(180, to_tag="one").encode(), FLOW, now=0.1)
    (ringing,) = alice.events_of(ResponseReceived)
    ended = alice.dialogs.establish(ringing)
    alice.dialogs.terminate(ended)

    rings_again = alice.dialogs.establish(ringing)
    alice.dialogs.terminate(ended)

    assert rings_again is not ended
    assert list(alice.dialogs) == [rings_again]


def test_a_response_with_another_from_is_of_the_dialog_all_the_same() -> None:
    """A dialog kept under a name that its own requests don't have would never end."""
    alice = UserAgent(ALICE)
    invite = alice.send(alice.request("INVITE"), BOB).request
    strange = invite.reply(180, to_tag="one")
    strange.headers.set("From", "<sip:alice@a>;tag=elsewhere")
    for response in (invite.reply(180, to_tag="one"), strange):
        alice.receive(response.encode(), FLOW, now=0.1)

    first, second = map(alice.dialogs.establish, alice.events_of(ResponseReceived))

    assert first is second
    alice.dialogs.terminate(first)
    assert list(alice.dialogs) == []


def test_what_breaks_a_line_gets_into_no_message() -> None:
    dialog = Dialog.of_server(invite_by_way_of(), FLOW, "b", "<sip:bob@192.0.2.2>")
    broken = "x\r\nEvil: 1"

    with pytest.raises(LocalProtocolError, match="Contact"):
        dialog.local_contact = broken
    with pytest.raises(LocalProtocolError, match="CSeq"):
        dialog.request(broken)
    with pytest.raises(LocalProtocolError, match="Content-Type"):
        dialog.reply(invite_by_way_of(), 200, b"body", broken)
    with pytest.raises(LocalProtocolError, match="To"):
        Dialog.of_server(invite_by_way_of(), FLOW, broken, "<sip:bob@192.0.2.2>")


class Element:
    """What owns a dialog whose BYE waits, a 2xx among them, and owns the layers, too."""

    def __init__(self) -> None:
        call, callee = unacknowledged()
        self.agent = call.bob
        say_bye(call, callee)
        callee.owner = self


def test_rings_through_dialogs_are_collected() -> None:
    gone = weakref.ref(Element())

    gc.collect()

    assert gone() is None


def test_a_reliable_provisional_is_repeated_until_its_prack() -> None:
    """RFC 3262, SIG-19."""
    bob = UserAgent(BOB, timing=Timing(resend=(1.0, 1.0, 1.0)))
    alice = UserAgent(ALICE)
    network = LossyNetwork()
    network.attach(ALICE, alice)
    network.attach(BOB, bob)
    alice.send(alice.request("INVITE"), BOB)
    network.run(until=0.1)
    (event,) = bob.events_of(RequestReceived)
    dialog = bob.dialogs.accept(event.transaction, bob.contact)
    bob.dialogs.respond_reliably(dialog, event.transaction, dialog.reply(event.request, 183), 0.1)
    network.run(until=1.5)
    assert network.sent_from(BOB) == ["SIP/2.0 183 Session Progress"] * 2
    progress = alice.events_of(ResponseReceived)[0]
    assert progress.response.headers.tokens("Require") == {"100rel"}

    early = alice.dialogs.establish(progress)
    prack = early.request("PRACK")
    prack.headers.set("RAck", RAck(1, CSeq(1, "INVITE")))
    alice.send(prack, BOB)
    network.run(until=10.0)

    assert [e.request.method for e in bob.events_of(DialogRequestReceived)] == ["PRACK"]
    assert bob.events_of(ProvisionalTimedOut) == []


def test_a_prack_for_nothing_gets_481() -> None:
    call, caller, _ = connected()
    prack = caller.request("PRACK")
    prack.headers.set("RAck", "9 1 INVITE")
    call.alice.send(prack, BOB)
    call.network.run(until=0.2)

    assert call.alice.statuses()[-1] == 481


def test_a_reliable_provisional_without_prack_is_given_up() -> None:
    bob = UserAgent(BOB, timing=Timing(resend=(1.0, 1.0)))
    alice = UserAgent(ALICE)
    network = LossyNetwork()
    network.attach(BOB, bob)
    network.attach(ALICE, alice)
    alice.send(alice.request("INVITE"), BOB)
    network.run(until=0.1)
    (event,) = bob.events_of(RequestReceived)
    dialog = bob.dialogs.accept(event.transaction, bob.contact)
    bob.dialogs.respond_reliably(dialog, event.transaction, dialog.reply(event.request, 183), 0.1)

    network.run(until=2.2)

    assert bob.events_of(ProvisionalTimedOut) == [ProvisionalTimedOut(dialog)]


# Routing (sections 12.1 and 12.2.1.1)


def invite_by_way_of(*record_routes: str) -> Request:
    return Request(
        "INVITE",
        "sip:bob@192.0.2.2",
        Headers(
            (
                ("Via", "SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1"),
                *(("Record-Route", route) for route in record_routes),
                ("From", "<sip:alice@a>;tag=a"),
                ("To", "<sip:bob@b>"),
                ("Call-ID", "c"),
                ("CSeq", "7 INVITE"),
                ("Contact", "<sip:alice@192.0.2.1>"),
            )
        ),
    )


def test_the_callee_goes_back_along_the_recorded_route() -> None:
    request = invite_by_way_of("<sip:p2;lr>, <sip:p1;lr>")
    dialog = Dialog.of_server(request, FLOW, "b", "<sip:bob@192.0.2.2>")

    bye = dialog.request("BYE")

    assert bye.target == "sip:alice@192.0.2.1"
    assert bye.headers.values("Route") == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert dialog.next_hop == parse_uri("sip:p2;lr")
    assert dialog.reply(request, 200).headers.values("Record-Route") == [
        "<sip:p2;lr>",
        "<sip:p1;lr>",
    ]


def test_the_caller_goes_the_recorded_route_in_reverse() -> None:
    request = invite_by_way_of()
    response = request.reply(200, to_tag="b")
    response.headers.set("Record-Route", "<sip:p2;lr>, <sip:p1;lr>")
    response.headers.set("Contact", "<sip:bob@192.0.2.2>")
    dialog = Dialog.of_client(request, response, FLOW)

    ack = dialog.ack(request)

    assert ack.headers.values("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert ack.headers.cseq == CSeq(7, "ACK")
    assert ack.target == "sip:bob@192.0.2.2"


def test_a_strict_router_becomes_the_request_uri() -> None:
    dialog = Dialog.of_server(
        invite_by_way_of("<sip:strict>", "<sip:p1;lr>"), FLOW, "b", "<sip:bob@192.0.2.2>"
    )

    bye = dialog.request("BYE")

    assert bye.target == "sip:strict"
    assert bye.headers.values("Route") == ["<sip:p1;lr>", "<sip:alice@192.0.2.1>"]


def test_an_invite_without_contact_opens_no_dialog() -> None:
    request = invite_by_way_of()
    request.headers.remove("Contact")

    with pytest.raises(MalformedMessage, match="Contact") as caught:
        Dialog.of_server(request, FLOW, "b", "<sip:bob@192.0.2.2>")
    assert caught.value.request is request


def test_ack_and_cancel_take_no_number_of_their_own() -> None:
    dialog = Dialog.of_server(invite_by_way_of(), FLOW, "b", "<sip:bob@192.0.2.2>")

    with pytest.raises(LocalProtocolError, match="ACK"):
        dialog.request("ACK")


def test_the_ack_repeats_the_credentials_of_its_invite() -> None:
    request = invite_by_way_of()
    request.headers.set("Proxy-Authorization", "Digest x=y")
    response = request.reply(200, to_tag="b")

    ack = Dialog.of_client(request, response, FLOW).ack(request)

    assert ack.headers.get("Proxy-Authorization") == "Digest x=y"
