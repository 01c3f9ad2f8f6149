"""Offers and answers before the call is answered: in reliable responses, PRACK and UPDATE."""

import asyncio

import pytest
from structlog.testing import capture_logs
from support.switch import (
    ANSWER,
    CALLER,
    OFFER,
    SECOND_VENDOR,
    VENDOR,
    OneAddress,
    SwitchBench,
    candidate,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy, StopRules
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.relay import RelayParameters
from trunkline_signaling.calls.services import ConnectMedia
from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.outputs import (
    CancelReceived,
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)

RELIABLE = LegPolicy(reliable_provisionals=True)
DEFAULT_RULES = StopRules()
ANY_FAILURE = StopRules(after_ringing=False, after_sdp=False)
WITH_UPDATE = "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE"
MOVED = ANSWER.replace(b"6000", b"7000")
MOVED_OFFER = OFFER.replace(b"4000", b"4002")


class Callee:
    """A vendor that describes its media reliably and waits to be told what comes next."""

    def __init__(self, allow: str = WITH_UPDATE, update: int = 200) -> None:
        self.allow = allow
        self.update = update
        self.agent = vendor(self)
        self.dialog: Dialog | None = None

    def __call__(self, agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                self.dialog = agent.dialogs.accept(transaction, agent.contact)
                progress = self.dialog.reply(request, 183, ANSWER, "application/sdp")
                progress.headers.set("Allow", self.allow)
                agent.dialogs.respond_reliably(self.dialog, transaction, progress, agent.now)
            case DialogRequestReceived(dialog, transaction, request) if request.method == "UPDATE":
                if self.update:
                    body = MOVED if self.update == 200 else b""
                    reply = dialog.reply(request, self.update, body, "application/sdp")
                    agent.transactions.respond(transaction, reply, agent.now)
            case CancelReceived(transaction):
                terminated = transaction.request.reply(487, to_tag="bob")
                agent.transactions.respond(transaction, terminated, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)

    async def finish(self, bench: SwitchBench, status: int) -> None:
        """Let it answer, or refuse."""
        agent = self.agent
        agent.now = asyncio.get_running_loop().time()
        (call,) = agent.events_of(RequestReceived)
        assert self.dialog is not None
        response = self.dialog.reply(call.request, status)
        if status == 200:
            agent.dialogs.answer(self.dialog, call.transaction, response, agent.now)
        else:
            agent.transactions.respond(call.transaction, response, agent.now)
        bench.pump(agent)
        await asyncio.sleep(1)

    def requests(self, method: str) -> list[bytes]:
        """Return the bodies of the requests of a method that it got."""
        got = self.agent.events_of(DialogRequestReceived)
        return [e.request.body for e in got if e.request.method == method]


class Caller:
    """A caller that requires reliable responses, and acknowledges them when it is told to."""

    def __init__(self) -> None:
        self.agent = UserAgent(CALLER, script=self._script)
        self.progress: list[ResponseReceived] = []

    def _script(self, agent: UserAgent, event: Event) -> None:
        match event:
            case ResponseReceived(_, response) if response.headers.get("RSeq"):
                self.progress.append(event)
            case ResponseReceived(transaction, response) if response.is_success:
                if transaction.request.method == "INVITE":
                    agent.acknowledge(event)
            case DialogRequestReceived(dialog, transaction, request) if request.body:
                reply = dialog.reply(request, 200, MOVED_OFFER, "application/sdp")
                agent.transactions.respond(transaction, reply, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)

    async def prack(self, bench: SwitchBench, body: bytes = b"") -> None:
        """Acknowledge the last reliable response."""
        agent = self.agent
        agent.now = asyncio.get_running_loop().time()
        dialog = agent.dialogs.establish(self.progress[-1])
        prack = dialog.prack(self.progress[-1].response)
        assert prack is not None
        if body:
            prack.headers.set("Content-Type", "application/sdp")
            prack.body = body
        agent.transactions.send_request(prack, dialog.flow, agent.now)
        bench.pump(agent)
        await asyncio.sleep(1)

    def answer_to(self, method: str) -> tuple[int, bytes]:
        """Return status and body of the last response to a request of a method."""
        responses = [e.response for e in self.agent.events_of(ResponseReceived)]
        last = [one for one in responses if one.headers.cseq.method == method][-1]
        return last.status, last.body


async def progressing(
    callee: Callee,
    body: bytes,
    *,
    relayed: bool = False,
    rules: StopRules = DEFAULT_RULES,
    policy: LegPolicy = RELIABLE,
) -> tuple[Caller, SwitchBench]:
    """Return a caller whose INVITE has this body and who has got the first reliable response."""
    alice = Caller()
    mode = MediaProxy.MUST_ON if relayed else MediaProxy.OFF
    settings = CallSettings("signaling-1", OneAddress(), relay=RelayParameters(mode=mode))
    bench = SwitchBench(alice.agent, callee.agent, settings=settings)
    bench.routing.plan = plan(candidate(leg_b=policy, stop_rules=rules), leg_a=policy)
    request = invite(body)
    request.headers.set("Require", "100rel")
    request.headers.set("Allow", WITH_UPDATE)
    bench.call(alice.agent, request)
    await asyncio.sleep(0.4)
    return alice, bench


# --- INVITE without offer ------------------------------------------------------------------------


async def test_rfc3262_5_a_callees_offer_is_answered_in_the_callers_prack() -> None:
    """SIG-19: both sides are reliable."""
    bob = Callee()
    alice, bench = await progressing(bob, b"")
    (progress,) = alice.progress
    assert b"m=audio 6000" in progress.response.body
    assert bob.requests("PRACK") == []

    await alice.prack(bench, OFFER)

    (answered,) = bob.requests("PRACK")
    assert b"m=audio 4000" in answered
    assert alice.answer_to("PRACK") == (200, b"")


async def test_rfc3262_5_what_is_agreed_before_the_answer_is_not_repeated_in_it() -> None:
    """RFC 6337 section 3.1: no description in the 200 and in its ACK."""
    bob = Callee()
    alice, bench = await progressing(bob, b"")
    await alice.prack(bench, OFFER)

    await bob.finish(bench, 200)

    assert alice.answer_to("INVITE") == (200, b"")
    assert bench.to(VENDOR) == ["INVITE", "PRACK", "ACK"]
    assert bench.starts(CALLER)[-1] == "ACK"
    assert len(bench.switch.calls) == 1


async def test_med02_the_relay_learns_of_both_sides_before_the_answer() -> None:
    """RFC 3262 section 5."""
    bob = Callee()
    alice, bench = await progressing(bob, b"", relayed=True)

    await alice.prack(bench, OFFER)
    await bob.finish(bench, 200)

    connected = [q for q in bench.media.asked if isinstance(q, ConnectMedia)]
    assert any(q.leg_b and q.leg_b.remote == ("10.0.0.3", 6000) for q in connected)
    assert any(q.leg_a and q.leg_a.remote == ("10.0.0.2", 4000) for q in connected)
    assert connected[-1].answered


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"v=0\r\n", 488)])
async def test_rfc3262_5_a_prack_that_answers_no_offer_ends_the_call(
    body: bytes, status: int
) -> None:
    bob = Callee()
    alice, bench = await progressing(bob, b"")

    await alice.prack(bench, body)

    assert alice.answer_to("PRACK")[0] == status
    assert alice.answer_to("INVITE")[0] == 488
    assert "CANCEL" in bench.to(VENDOR)
    assert bench.cdr.reason is CallEndReason.CODEC_MISMATCH
    assert not bench.switch.calls


async def test_what_waited_for_a_prack_that_ends_the_call_is_never_shown() -> None:
    bob = Callee()
    alice, bench = await progressing(bob, b"")
    await bob.finish(bench, 180)

    with capture_logs() as logged:
        await alice.prack(bench, b"")

    assert logged == []
    assert "180" not in bench.to(CALLER)
    assert alice.answer_to("INVITE")[0] == 488
    assert bench.cdr.reason is CallEndReason.CODEC_MISMATCH


@pytest.mark.parametrize("answered", [False, True])
async def test_a_caller_that_has_an_offer_gets_no_other(answered: bool) -> None:
    """RFC 3262 section 5, RTE-10: the search ends, whatever the rules of failover say."""
    bob = Callee()
    alice, bench = await progressing(bob, b"", rules=ANY_FAILURE)
    bench.routing.further = [candidate(2, SECOND_VENDOR)]
    if answered:
        await alice.prack(bench, OFFER)

    await bob.finish(bench, 503)

    assert alice.answer_to("INVITE")[0] == 503
    assert bench.to(SECOND_VENDOR) == []


async def test_a_callee_that_answers_before_its_offer_is_acknowledged_is_ended() -> None:
    """RFC 3262 section 3: the 2xx waits for the PRACK."""
    bob = Callee()
    alice, bench = await progressing(bob, b"")

    await bob.finish(bench, 200)

    assert bench.to(VENDOR) == ["INVITE", "ACK", "BYE"]
    assert alice.answer_to("INVITE")[0] >= 400
    assert bench.cdr.answer_time is None


# --- further offers ------------------------------------------------------------------------------


async def test_rfc3262_5_an_offer_in_a_prack_is_answered_in_its_200() -> None:
    """SIG-19: it goes on as UPDATE (RFC 3311), as the callee has had its PRACK."""
    bob = Callee()
    alice, bench = await progressing(bob, OFFER)

    await alice.prack(bench, MOVED_OFFER)

    (passed,) = bob.requests("UPDATE")
    assert b"m=audio 4002" in passed
    status, body = alice.answer_to("PRACK")
    assert status == 200
    assert b"m=audio 7000" in body


async def test_rfc3262_5_the_call_is_answered_with_what_was_agreed_last() -> None:
    bob = Callee()
    alice, bench = await progressing(bob, OFFER)
    await alice.prack(bench, MOVED_OFFER)

    await bob.finish(bench, 200)

    status, body = alice.answer_to("INVITE")
    assert status == 200
    assert b"m=audio 7000" in body
    assert len(bench.switch.calls) == 1


async def test_med03_a_codec_that_changes_in_a_prack_is_converted() -> None:
    """MED-03 rule 8: the callee hears nothing of it."""
    converting = LegPolicy(reliable_provisionals=True, codec_conversion=True)
    bob = Callee()
    alice, bench = await progressing(bob, OFFER, relayed=True, policy=converting)

    await alice.prack(bench, OFFER.replace(b"AVP 8 0 101", b"AVP 0"))

    status, body = alice.answer_to("PRACK")
    assert status == 200
    assert b"RTP/AVP 0" in body
    assert bob.requests("UPDATE") == []


@pytest.mark.parametrize(
    ("allow", "update"),
    [
        pytest.param("INVITE, ACK, CANCEL, BYE, PRACK", 200, id="takes no UPDATE"),
        pytest.param(WITH_UPDATE, 488, id="refuses it"),
        pytest.param(WITH_UPDATE, 504, id="fails"),
    ],
)
async def test_an_offer_in_a_prack_that_nobody_answers_is_488_and_the_call_goes_on(
    allow: str, update: int
) -> None:
    """RFC 3262 section 5: the response is acknowledged all the same."""
    bob = Callee(allow, update)
    alice, bench = await progressing(bob, OFFER)

    await alice.prack(bench, MOVED_OFFER)
    assert alice.answer_to("PRACK")[0] == 488
    await bob.finish(bench, 200)

    assert b"m=audio 6000" in alice.answer_to("INVITE")[1]
    assert bench.to(CALLER).count("183") == 1
    assert len(bench.switch.calls) == 1


async def test_an_offer_whose_callee_fails_meanwhile_is_refused() -> None:
    bob = Callee(update=0)
    alice, bench = await progressing(bob, OFFER)
    await alice.prack(bench, MOVED_OFFER)

    await bob.finish(bench, 486)

    assert alice.answer_to("PRACK")[0] == 488
    assert alice.answer_to("INVITE")[0] == 486


async def test_rfc3311_a_callers_update_before_the_answer_reaches_the_callee() -> None:
    bob = Callee()
    alice, bench = await progressing(bob, OFFER)
    await alice.prack(bench)

    bench.send_in(alice.agent, "UPDATE", MOVED_OFFER)
    await asyncio.sleep(1)

    assert len(bob.requests("UPDATE")) == 1
    status, body = alice.answer_to("UPDATE")
    assert status == 200
    assert b"m=audio 7000" in body


async def test_rfc3311_a_callees_update_before_the_answer_reaches_the_caller() -> None:
    bob = Callee()
    alice, bench = await progressing(bob, OFFER)
    alice.agent.dialogs.establish(alice.progress[-1])
    await alice.prack(bench)

    bench.send_in(bob.agent, "UPDATE", MOVED)
    await asyncio.sleep(1)

    (passed,) = alice.agent.events_of(DialogRequestReceived)
    assert b"m=audio 7000" in passed.request.body
    answer = bob.agent.events_of(ResponseReceived)[-1].response
    assert answer.status == 200
    assert b"m=audio 4002" in answer.body


async def test_rfc3311_an_offer_before_the_first_is_answered_gets_491() -> None:
    """RFC 3261 section 14.2."""
    bob = Callee()
    alice, bench = await progressing(bob, OFFER)
    alice.agent.dialogs.establish(alice.progress[-1])

    bench.send_in(alice.agent, "UPDATE", MOVED_OFFER)
    await asyncio.sleep(0.05)

    assert alice.answer_to("UPDATE")[0] == 491
    assert bob.requests("UPDATE") == []
