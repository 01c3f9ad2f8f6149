"""The call's state machine on plain values: an event in, effects out, no clock and no loop."""

from collections.abc import Callable
from random import Random

import pytest
from support.switch import (
    ANSWER,
    CALLER,
    CUSTOMER,
    SWITCH,
    VENDOR,
    OneAddress,
    candidate,
    invite,
    plan,
)
from trunkline_signaling.calls import machine
from trunkline_signaling.calls.arrival import begin_call
from trunkline_signaling.calls.call import Call
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.effects import (
    Answer,
    Ask,
    Cancel,
    Effect,
    Finish,
    Journal,
    Reply,
    Send,
    SendAck,
    SetTimer,
    Timer,
    WriteCdr,
)
from trunkline_signaling.calls.events import (
    CancelReceived,
    CdrStored,
    Event,
    HangUp,
    ResponseReceived,
    TimerFired,
)
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import (
    Admit,
    Allowed,
    Authorize,
    Authorized,
    Exhausted,
    NextCandidate,
    NextFound,
    Release,
    Route,
    ServiceFailed,
    Unpayable,
)
from trunkline_signaling.calls.states import State
from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.message import Response
from trunkline_signaling.sip.outputs import RequestReceived
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.via import Via

FLOW = Flow(Transport.UDP, CALLER, SWITCH)
TO_VENDOR = Flow(Transport.UDP, VENDOR, SWITCH)


class Played:
    """A call, and what it wanted at each step."""

    def __init__(self) -> None:
        request = invite()
        request.headers.push("Via", Via("UDP", "10.0.0.2", 5060, {"branch": "z9hG4bK1"}))
        transactions = TransactionLayer(Random(1))
        transactions.receive(request.encode(), FLOW, 0.0)
        (received,) = transactions.drain()
        assert isinstance(received, RequestReceived)
        transaction = received.transaction
        dialog = Dialog.of_server(request, FLOW, "ours", "<sip:10.0.0.1>")
        settings = CallSettings("signaling-1", OneAddress())
        self.call, self.effects = begin_call(transaction, dialog, settings, Random(1), 0.0)
        self.transaction = transaction

    def happens(self, *events: Event, now: float = 1.0) -> list[Effect]:
        """Let events happen; return what the last of them led to."""
        for event in events:
            self.effects = machine.handle(self.call, event, now)
        return self.effects

    def vendor_says(self, status: int, body: bytes = b"") -> ResponseReceived:
        """Return a response of the vendor to the INVITE on its way."""
        attempt = self.call.attempt
        assert attempt is not None and attempt.outgoing is not None
        request = attempt.outgoing.request
        if "Via" not in request.headers:
            request.headers.push("Via", Via("UDP", "10.0.0.1", 5060, {"branch": "z9hG4bK2"}))
        response = request.reply(status, to_tag="vendor", body=body)
        response.headers.set("Contact", "<sip:10.0.0.3>")
        return ResponseReceived(attempt.outgoing, response, _dialog(request, response, status))


def _dialog(request: object, response: Response, status: int) -> Dialog | None:
    if status == 100 or status >= 300:
        return None
    return Dialog.of_client(request, response, TO_VENDOR)  # type: ignore[arg-type]


def kinds(effects: list[Effect]) -> list[str]:
    """Return what was wanted in words: the question asked, the status replied, the effect else."""
    return [_kind(effect) for effect in effects]


def _kind(effect: Effect) -> str:
    match effect:
        case Ask(question):
            return type(question).__name__
        case Reply(_, response):
            return str(response.status)
        case _:
            return type(effect).__name__


def inviting() -> Played:
    """Return a call whose INVITE is on its way."""
    played = Played()
    played.happens(Allowed(CUSTOMER), plan(), Authorized())
    return played


def test_a_call_begins_with_one_question_to_auth() -> None:
    played = Played()

    assert kinds(played.effects) == ["Admit"]
    assert played.call.state is State.ADMITTING


def test_three_questions_in_sequence_stand_before_the_invite() -> None:
    played = Played()

    assert kinds(played.happens(Allowed(CUSTOMER))) == ["100", "Route"]
    assert kinds(played.happens(plan())) == ["Authorize"]
    assert kinds(played.happens(Authorized())) == ["Send", "SetTimer"]
    assert played.call.state is State.INVITING


def test_the_answer_is_acknowledged_passed_on_and_journalled() -> None:
    played = inviting()

    effects = played.happens(played.vendor_says(200, ANSWER), now=5.0)

    assert [type(e) for e in effects[:3]] == [SendAck, Answer, Journal]
    assert played.call.state is State.CONNECTED
    assert played.call.cdr.answer_time == 5.0


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        pytest.param(
            lambda p: p.vendor_says(503), ["ClearTimer", "Note", "NextCandidate"], id="a failure"
        ),
        pytest.param(
            lambda p: TimerFired(Timer.PROGRESS),
            ["Cancel", "ClearTimer", "ClearTimer", "Note", "NextCandidate"],
            id="a timeout",
        ),
        pytest.param(lambda p: p.vendor_says(180), ["180", "SetTimer"], id="ringing"),
        pytest.param(lambda p: p.vendor_says(100), ["SetTimer"], id="100"),
        pytest.param(
            lambda p: CancelReceived(p.transaction),
            ["Cancel", "ClearTimer", "487", "ClearTimers", "Release", "WriteCdr"],
            id="the caller's CANCEL",
        ),
        pytest.param(
            lambda p: HangUp("operator"),
            ["Note", "Cancel", "ClearTimer", "503", "ClearTimers", "Release", "WriteCdr"],
            id="an operator",
        ),
    ],
)
def test_while_an_invite_is_on_its_way(event: Callable[[Played], Event], wanted: list[str]) -> None:
    played = inviting()

    assert kinds(played.happens(event(played))) == wanted


def test_a_repeated_180_is_neither_passed_on_nor_does_it_restart_the_clock() -> None:
    played = inviting()
    played.happens(played.vendor_says(180))

    assert played.happens(played.vendor_says(180)) == []


def test_the_next_candidate_is_invited_without_asking_billing_again() -> None:
    played = inviting()
    played.happens(played.vendor_says(503))

    assert kinds(played.happens(NextFound(candidate(2)))) == ["Send", "SetTimer"]


def test_the_end_of_the_list_gives_the_caller_the_last_gateways_code() -> None:
    played = inviting()
    played.happens(played.vendor_says(404))

    effects = played.happens(Exhausted(CallEndReason.ROUTE_NOT_FOUND, 503, "none"))

    assert kinds(effects) == ["Note", "404", "ClearTimers", "Release", "WriteCdr"]


def test_the_cdr_waits_for_every_answer_a_service_still_owes() -> None:
    played = Played()
    played.happens(Allowed(CUSTOMER))

    assert kinds(played.happens(CancelReceived(played.transaction))) == ["487", "ClearTimers"]
    assert kinds(played.happens(plan())) == ["Release", "WriteCdr"]


def test_a_service_that_owes_an_answer_for_ever_does_not_hold_up_the_cdr() -> None:
    played = Played()
    played.happens(Allowed(CUSTOMER))
    (question,) = [e.question for e in played.effects if isinstance(e, Ask)]
    played.happens(CancelReceived(played.transaction))

    effects = played.happens(ServiceFailed("routing", question, "too slow"))

    assert kinds(effects) == ["Release", "WriteCdr"]


def test_a_call_is_finished_when_its_cdr_is_durable() -> None:
    played = Played()
    played.happens(Allowed(CUSTOMER), plan(), Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "no"))

    effects = played.happens(CdrStored())

    assert isinstance(effects[-1], Finish)
    assert played.call.state is State.ENDED


def test_a_call_that_no_attempt_was_made_for_releases_its_seats_all_the_same() -> None:
    played = Played()
    played.happens(Allowed(CUSTOMER), plan())

    effects = played.happens(Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "no"))

    assert any(isinstance(e, Ask) and isinstance(e.question, Release) for e in effects)
    assert any(isinstance(e, WriteCdr) for e in effects)


def test_every_question_of_a_setup_is_asked_once() -> None:
    played = Played()
    asked = [e.question for e in played.effects if isinstance(e, Ask)]
    for event in (Allowed(CUSTOMER), plan(), Authorized()):
        asked += [e.question for e in played.happens(event) if isinstance(e, Ask)]

    assert [type(question) for question in asked] == [Admit, Route, Authorize]


@pytest.mark.parametrize("state", sorted(set(State) - {State.SWITCHING, State.ENDING}, key=str))
def test_an_event_that_means_nothing_in_a_state_changes_nothing(state: State) -> None:
    call: Call = Played().call
    call.state = state

    assert machine.handle(call, Exhausted(CallEndReason.ROUTE_NOT_FOUND, 503, ""), 1.0) == []
    assert call.state is state


def test_a_failed_attempt_is_told_to_routing_with_its_delay() -> None:
    played = inviting()

    effects = played.happens(played.vendor_says(503), now=3.5)

    (question,) = [e.question for e in effects if isinstance(e, Ask)]
    assert isinstance(question, NextCandidate)
    assert question.failed.sip_status == 503
    assert question.failed.post_dial_delay is not None
    assert question.failed.post_dial_delay.total_seconds() == 2.5


def test_the_effects_of_sending_carry_what_the_shell_needs() -> None:
    played = Played()
    effects = played.happens(Allowed(CUSTOMER), plan(), Authorized())

    (send,) = [e for e in effects if isinstance(e, Send)]
    (timer,) = [e for e in effects if isinstance(e, SetTimer)]
    assert send.outgoing.target == candidate().targets[0]
    assert send.outgoing.request.target == "sip:4420@10.0.0.3:5060"
    assert (timer.timer, timer.after) == (Timer.PROGRESS, 10.0)
    assert not any(isinstance(e, Cancel) for e in effects)
