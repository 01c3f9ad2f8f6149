"""Vendors that answer when the call has gone elsewhere, or is over (RFC 3261 13.2.2.4, 9.1)."""

import asyncio
from datetime import timedelta

import pytest
from support.switch import (
    ANSWER,
    CALLER,
    SECOND_VENDOR,
    SWITCH,
    VENDOR,
    Script,
    SwitchBench,
    answers,
    caller,
    candidate,
    plan,
    vendor,
)
from support.timer_peers import METHODS, SILENT, timer_headers, timer_vendor
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.policy import Credentials, StopRules
from trunkline_signaling.calls.progress import ProgressLimits
from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, RequestReceived

SHORT = ProgressLimits(invite=timedelta(seconds=2), ringing=timedelta(seconds=5))


def rings(*statuses: int, challenges: bool = False, takes_credentials: bool = True) -> Script:
    """Return a script that gives these responses and knows nothing of CANCEL."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                for status in statuses:
                    agent.reply(event, status)
            case DialogRequestReceived(_, transaction, request) if challenges and not (
                takes_credentials and "Authorization" in request.headers
            ):
                challenge = request.reply(401)
                challenge.headers.set("WWW-Authenticate", 'Digest realm="v", nonce="n"')
                agent.transactions.respond(transaction, challenge, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)

    return script


class LateVendor:
    """A call that is given up while a vendor rings on, which answers much later."""

    def __init__(self, *statuses: int, **manners: bool) -> None:
        self.alice, self.bob = caller(), vendor(rings(*statuses, **manners))
        self.carol = vendor(answers, address=SECOND_VENDOR)
        self.bench = SwitchBench(self.alice, self.bob, self.carol)
        self.bench.settings = CallSettings("signaling-1", self.bench.settings.own, SHORT)
        self.bench.routing.plan = plan(candidate(credentials=Credentials("us", "secret")))

    def answer(self, body: bytes = ANSWER, contact: str = "") -> Dialog:
        """Let the vendor answer now, again and again until it hears an ACK."""
        self.bob.now = asyncio.get_running_loop().time()
        (call,) = self.bob.events_of(RequestReceived)[:1]
        dialog = self.bob.dialogs.accept(call.transaction, contact or self.bob.contact)
        response = dialog.reply(call.request, 200, body, "application/sdp")
        self.bob.dialogs.answer(dialog, call.transaction, response, self.bob.now)
        self.bench.pump(self.bob)
        return dialog


@pytest.mark.parametrize("after", [40, 100, 200])
async def test_an_answer_long_after_the_cancel_is_acknowledged_and_ended(after: int) -> None:
    """RFC 3261 section 9.1: the CANCEL had no effect."""
    late = LateVendor(180)
    transaction = late.bench.call(late.alice)
    await asyncio.sleep(1)
    late.bench.cancel(late.alice, transaction)
    await asyncio.sleep(after)
    before = len(late.bench.to(VENDOR))

    late.answer()
    await asyncio.sleep(1)

    assert late.bench.to(VENDOR)[before:] == ["ACK", "BYE"]
    assert late.bench.cdr.talk == timedelta(0)
    assert late.bench.cdr.answer_time is None
    assert late.bench.switch.dialogs == 0


@pytest.mark.parametrize("after", [5, 40, 200])
async def test_the_bye_to_a_late_answer_goes_out_again_with_credentials(after: int) -> None:
    """RFC 3261 section 22.2: else the vendor charges for a call that nobody has."""
    late = LateVendor(180, challenges=True)
    transaction = late.bench.call(late.alice)
    await asyncio.sleep(1)
    late.bench.cancel(late.alice, transaction)
    await asyncio.sleep(after)

    late.answer()
    await asyncio.sleep(1)

    first, second = late.bench.requests(VENDOR, "BYE")
    assert second.headers.cseq.number == first.headers.cseq.number + 1
    assert 'username="us"' in second.headers.lines("Authorization")[0]


async def test_the_bye_to_a_late_answer_proves_itself_once() -> None:
    """RFC 3261 section 22.3: who refuses the credentials is not asked for ever."""
    late = LateVendor(180, challenges=True, takes_credentials=False)
    transaction = late.bench.call(late.alice)
    await asyncio.sleep(1)
    late.bench.cancel(late.alice, transaction)
    await asyncio.sleep(200)

    late.answer()
    await asyncio.sleep(60)

    assert len(late.bench.requests(VENDOR, "BYE")) == 2


async def test_each_copy_of_a_late_answer_gets_the_ack_again_and_one_bye() -> None:
    """RFC 3261 section 13.2.2.4."""
    late = LateVendor(180)
    transaction = late.bench.call(late.alice)
    await asyncio.sleep(1)
    late.bench.cancel(late.alice, transaction)
    await asyncio.sleep(60)
    before = len(late.bench.to(VENDOR))
    answered = late.answer()
    await asyncio.sleep(1)

    copy = next(d for a, _, d in reversed(late.bench.messages) if a == VENDOR and b" 200 OK" in d)
    late.bench.switch.receive(copy, Flow(Transport.UDP, VENDOR, SWITCH))
    await asyncio.sleep(1)

    assert answered.call_id.encode() in copy
    assert late.bench.to(VENDOR)[before:].count("BYE") == 1


async def test_a_vendor_that_answers_after_the_next_one_has_is_ended_alone() -> None:
    """RTE-09: the call is the second vendor's, and nobody else's."""
    late = LateVendor(180)
    late.bench.routing.plan = plan(candidate(stop_rules=StopRules(after_ringing=False)))
    late.bench.routing.further = [candidate(2, SECOND_VENDOR)]
    late.bench.call(late.alice)
    await asyncio.sleep(60)
    talking = len(late.bench.to(CALLER))

    late.answer()
    await asyncio.sleep(1)

    assert late.bench.to(SECOND_VENDOR) == ["INVITE", "ACK"]
    assert late.bench.to(VENDOR)[-2:] == ["ACK", "BYE"]
    assert len(late.bench.to(CALLER)) == talking


async def test_a_late_answer_without_a_usable_contact_harms_nobody() -> None:
    late = LateVendor(180)
    transaction = late.bench.call(late.alice)
    await asyncio.sleep(1)
    late.bench.cancel(late.alice, transaction)
    await asyncio.sleep(60)

    late.answer(contact="<sip:")
    await asyncio.sleep(1)

    assert "BYE" not in late.bench.to(VENDOR)
    assert late.bench.switch.dialogs == 0


async def test_a_late_answer_to_a_refresh_leaves_the_call_as_it_is() -> None:
    """SIG-04 rule 6: a refresh may stay unanswered; its 2xx still wants an ACK."""
    alice = caller()
    bob = timer_vendor([SILENT] * 9, timer_headers(300, "uac", METHODS))
    bench = SwitchBench(alice, bob)
    bench.call(alice)
    await asyncio.sleep(200)  # the refresh at 150 s is given up at 182 s
    (refresh,) = bob.events_of(DialogRequestReceived)
    bob.now = asyncio.get_running_loop().time()

    answer = refresh.dialog.reply(refresh.request, 200, ANSWER, "application/sdp")
    bob.dialogs.answer(refresh.dialog, refresh.transaction, answer, bob.now)
    bench.pump(bob)
    await asyncio.sleep(1)

    assert bench.to(VENDOR)[-1] == "ACK"
    assert len(bench.switch.calls) == 1
