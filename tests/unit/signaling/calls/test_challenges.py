"""A vendor that challenges requests inside a dialog, not only the INVITE (RFC 3261 section 22)."""

import asyncio
from dataclasses import replace

import pytest
from support.switch import (
    ANSWER,
    CALLER,
    OFFER,
    VENDOR,
    Script,
    SwitchBench,
    answers,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.timer_peers import METHODS, timer_headers
from support.user_agent import UserAgent
from trunkline_signaling.calls.media_policy import DtmfPolicy, DtmfSend
from trunkline_signaling.calls.policy import Credentials, LegPolicy, MediaProxy
from trunkline_signaling.sip.digest import Challenge
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, RequestReceived

HOLD = OFFER + b"a=sendonly\r\n"
KEY = b"Signal=5\r\nDuration=160\r\n"


class Challenger:
    """A vendor that rings reliably, answers, and challenges each request in the dialog once."""

    def __init__(self, status: int = 401, methods: str = METHODS) -> None:
        self.status = status
        self.methods = methods

    def __call__(self, agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                self._ring(agent, event)
            case DialogRequestReceived(_, _, request):
                self._challenge(agent, event, request)

    def _ring(self, agent: UserAgent, event: RequestReceived) -> None:
        dialog = agent.dialogs.accept(event.transaction, agent.contact)
        ringing = dialog.reply(event.request, 180)
        agent.dialogs.respond_reliably(dialog, event.transaction, ringing, agent.now)

    def _challenge(self, agent: UserAgent, event: DialogRequestReceived, request: Request) -> None:
        proxy = self.status == 407
        answered = "Proxy-Authorization" if proxy else "Authorization"
        if answered not in request.headers:
            response = request.reply(self.status)
            name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
            response.headers.set(name, 'Digest realm="v", nonce="n", qop="auth"')
            agent.transactions.respond(event.transaction, response, agent.now)
            if request.method == "PRACK":
                self._answer(agent, event)
        elif request.method == "INVITE":
            again = event.dialog.reply(request, 200, ANSWER, "application/sdp")
            agent.dialogs.answer(event.dialog, event.transaction, again, agent.now)
        else:
            agent.reply(event, 200)

    def _answer(self, agent: UserAgent, event: DialogRequestReceived) -> None:
        (call,) = agent.events_of(RequestReceived)
        answer = event.dialog.reply(call.request, 200, ANSWER, "application/sdp")
        for name, value in timer_headers(300, "uac", self.methods).items():
            answer.headers.set(name, value)
        agent.dialogs.answer(event.dialog, call.transaction, answer, agent.now)


class Guarded:
    """A vendor behind a proxy: every request has to prove itself to both, to the proxy first."""

    demands = (
        (407, "Proxy-Authenticate", "Proxy-Authorization", "transit"),
        (401, "WWW-Authenticate", "Authorization", "v"),
    )

    def __init__(self, *, stale: bool = False) -> None:
        self.stale = stale

    def __call__(self, agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived | DialogRequestReceived):
            demand = self._demand_of(event.request)
            if demand is None:
                answers(agent, event)
            else:
                agent.transactions.respond(event.transaction, demand, agent.now)

    def _demand_of(self, request: Request) -> Response | None:
        for status, asks, answers_it, realm in self.demands:
            proven = any(f'realm="{realm}"' in line for line in request.headers.lines(answers_it))
            if proven and not self.stale:
                continue
            response = request.reply(status, to_tag="challenged")
            response.headers.set(asks, Challenge(realm, "n", stale=proven))
            return response
        return None


@pytest.fixture
async def guarded() -> tuple[UserAgent, SwitchBench]:
    """A caller that talks to such a vendor, and the switch."""
    return await call_to(Guarded())


async def call_to(script: Script) -> tuple[UserAgent, SwitchBench]:
    """Return a caller that calls a vendor with credentials, and the switch."""
    alice = caller()
    bench = SwitchBench(alice, vendor(script))
    bench.routing.plan = plan(candidate(credentials=Credentials("us", "secret")))
    bench.call(alice, invite())
    await asyncio.sleep(5)
    return alice, bench


def carries_both(request: Request) -> bool:
    """Tell whether a request proves itself to the proxy and to the vendor."""
    return "Authorization" in request.headers and "Proxy-Authorization" in request.headers


async def talking(
    challenger: Challenger, dtmf: DtmfSend | None = None
) -> tuple[UserAgent, SwitchBench]:
    """Return a caller that talks to such a vendor, and the switch."""
    alice = caller()
    bench = SwitchBench(alice, vendor(challenger))
    policy = LegPolicy(
        reliable_provisionals=True,
        media_proxy=MediaProxy.ON if dtmf else MediaProxy.OFF,
    )
    if dtmf:
        policy = replace(policy, dtmf=DtmfPolicy(send=dtmf))
    bench.routing.plan = plan(candidate(credentials=Credentials("us", "secret"), leg_b=policy))
    bench.call(alice, invite())
    await asyncio.sleep(5)
    return alice, bench


def twice(bench: SwitchBench, method: str) -> bool:
    """Tell whether a request went out twice, the second time with credentials and a later CSeq."""
    first, second = bench.requests(VENDOR, method)
    numbers = first.headers.cseq.number, second.headers.cseq.number
    values = [*second.headers.lines("Authorization"), *second.headers.lines("Proxy-Authorization")]
    return numbers[0] < numbers[1] and 'username="us"' in values[0]


@pytest.mark.parametrize("status", [401, 407])
async def test_a_prack_is_sent_again_with_credentials(status: int) -> None:
    """RFC 3262 section 4, RFC 3261 section 22."""
    _, bench = await talking(Challenger(status))

    first, second = bench.requests(VENDOR, "PRACK")
    assert twice(bench, "PRACK")
    assert first.headers.get("RAck") == second.headers.get("RAck") == "1 1 INVITE"
    assert len(bench.switch.calls) == 1


@pytest.mark.parametrize("status", [401, 407])
async def test_a_bye_is_sent_again_with_credentials(status: int) -> None:
    """RFC 3261 section 22: the vendor would go on charging."""
    alice, bench = await talking(Challenger(status))

    bench.send_in(alice, "BYE")
    await asyncio.sleep(2)

    assert twice(bench, "BYE")
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_a_passed_re_invite_is_sent_again_with_credentials() -> None:
    alice, bench = await talking(Challenger())

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(2)

    _, *again = bench.requests(VENDOR)
    assert [one.headers.cseq.number for one in again] == [4, 5]
    assert "Authorization" in again[1].headers
    assert alice.statuses()[-1] == 200


async def test_a_passed_info_is_sent_again_with_credentials() -> None:
    alice, bench = await talking(Challenger())

    bench.send_in(alice, "INFO", b"x", "text/plain")
    await asyncio.sleep(2)

    assert twice(bench, "INFO")
    assert alice.statuses()[-1] == 200


async def test_a_key_of_ours_is_sent_again_with_credentials() -> None:
    """MED-06."""
    alice, bench = await talking(Challenger(), DtmfSend.INFO)

    bench.send_in(alice, "INFO", KEY, "application/dtmf-relay")
    await asyncio.sleep(2)

    assert twice(bench, "INFO")
    assert len(bench.switch.calls) == 1


@pytest.mark.parametrize(
    ("methods", "method"), [(METHODS, "INVITE"), (f"{METHODS}, UPDATE", "UPDATE")]
)
async def test_a_session_refresh_is_sent_again_with_credentials(methods: str, method: str) -> None:
    """SIG-04."""
    _, bench = await talking(Challenger(methods=methods))

    await asyncio.sleep(150)

    again = bench.requests(VENDOR, method)[-1]
    assert again.headers.cseq.number == 5
    assert "Authorization" in again.headers


async def test_credentials_are_given_once() -> None:
    """RFC 3261 section 22.3: who does not take them gets no more; the asker, no challenge of it."""

    class Obstinate(Challenger):
        def _challenge(
            self, agent: UserAgent, event: DialogRequestReceived, request: Request
        ) -> None:
            request.headers.remove("Authorization")
            super()._challenge(agent, event, request)

    alice, bench = await talking(Obstinate())

    bench.send_in(alice, "INFO", b"x", "text/plain")
    await asyncio.sleep(2)

    assert twice(bench, "INFO")
    assert alice.statuses()[-1] == 403


async def test_a_request_between_a_challenge_and_its_answer_keeps_the_numbers_in_order() -> None:
    """RFC 3261 section 12.2.1.1: CSeq grows with each request of a dialog."""
    alice, bench = await talking(Challenger())

    bench.send_in(alice, "INFO", b"x", "text/plain")
    bench.send_in(alice, "INFO", b"y", "text/plain")
    await asyncio.sleep(2)

    numbers = [one.headers.cseq.number for one in bench.requests(VENDOR, "INFO")]
    assert numbers == [4, 5, 6, 7]


async def test_a_call_proves_itself_to_the_proxy_and_to_the_vendor(
    guarded: tuple[UserAgent, SwitchBench],
) -> None:
    """RFC 3261 section 22.3: 407, then 401; the attempt has not failed (RTE-09)."""
    _, bench = guarded

    first, second, third = bench.requests(VENDOR)

    assert "Proxy-Authorization" in second.headers and not carries_both(second)
    assert carries_both(third)
    assert [one.headers.cseq.number for one in (first, second, third)] == [1, 2, 3]
    assert carries_both(bench.requests(VENDOR, "ACK")[-1])  # section 13.2.2.4
    assert bench.to(CALLER)[-1] == "200"
    assert not bench.routing.failed


async def test_a_bye_proves_itself_to_the_proxy_and_to_the_vendor(
    guarded: tuple[UserAgent, SwitchBench],
) -> None:
    """RFC 3261 section 22.3: the vendor would go on charging."""
    alice, bench = guarded

    bench.send_in(alice, "BYE")
    await asyncio.sleep(2)

    byes = bench.requests(VENDOR, "BYE")
    assert [carries_both(bye) for bye in byes] == [False, False, True]
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_a_proxy_that_always_finds_the_nonce_stale_is_answered_twice() -> None:
    """RFC 7616 section 3.3, RFC 3261 section 22.3: then the attempt has failed."""
    _, bench = await call_to(Guarded(stale=True))

    assert len(bench.requests(VENDOR)) == 3
    assert bench.cdr.attempts[0].sip_status == 407
