"""A vendor that forks: several To tags, early dialogs of their own, and several answers."""

import asyncio

import pytest
from support.switch import ANSWER, VENDOR, Script, SwitchBench, caller, candidate, plan, vendor
from support.user_agent import UserAgent
from trunkline_signaling.calls.policy import DEFAULT_POLICY, LegPolicy
from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)
from trunkline_signaling.sip.parser import parse_datagram

FORKS = 3
PORTS = (7000, 7002, 7004)


def described(fork: int) -> bytes:
    """Return the description of one phone."""
    return ANSWER.replace(b"6000", str(PORTS[fork]).encode())


def forks(*answering: int, reliably: bool = False) -> Script:
    """Return a script: every phone rings with a description, then these answer, without one."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                dialogs = [ring(agent, event, fork) for fork in range(FORKS)]
                for fork in answering:
                    answer = dialogs[fork].reply(request, 200)
                    agent.dialogs.answer(dialogs[fork], event.transaction, answer, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)

    def ring(agent: UserAgent, event: RequestReceived, fork: int) -> Dialog:
        dialog = agent.dialogs.accept(event.transaction, agent.contact)
        response = dialog.reply(event.request, 183, described(fork), "application/sdp")
        if reliably:
            agent.dialogs.respond_reliably(dialog, event.transaction, response, agent.now)
        else:
            agent.transactions.respond(event.transaction, response, agent.now)
        return dialog

    return script


async def called(
    script: Script, policy: LegPolicy = DEFAULT_POLICY
) -> tuple[UserAgent, UserAgent, SwitchBench]:
    """Return both ends of a call to a vendor that forks, and the switch."""
    alice, bob = caller(), vendor(script)
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(candidate(leg_b=policy))
    bench.call(alice)
    await asyncio.sleep(1)
    return alice, bob, bench


@pytest.mark.parametrize("winner", range(FORKS))
async def test_the_first_fork_to_answer_has_the_call_with_its_own_description(winner: int) -> None:
    alice, _, bench = await called(forks(winner))

    answer = alice.events_of(ResponseReceived)[-1].response
    assert answer.status == 200
    assert f"m=audio {PORTS[winner]} ".encode() in answer.body
    assert bench.to(VENDOR) == ["INVITE", "ACK"]
    assert bench.switch.dialogs == 2


async def test_the_caller_sees_the_early_media_of_each_fork_once() -> None:
    alice, _, _ = await called(forks())

    bodies = [e.response.body for e in alice.events_of(ResponseReceived) if e.response.body]
    assert [body.count(b"m=audio 70") for body in bodies] == [1] * FORKS


async def test_forks_that_answer_later_are_acknowledged_and_ended_each_in_its_dialog() -> None:
    _, bob, bench = await called(forks(1, 0, 2))

    byes = [e for e in bob.events_of(DialogRequestReceived) if e.request.method == "BYE"]
    acks = [
        parse_datagram(d).headers.to.tag
        for _, to, d in bench.messages
        if to == VENDOR and d.startswith(b"ACK")
    ]
    assert len(set(acks)) == FORKS
    assert {e.dialog.local.tag for e in byes} == {acks[1], acks[2]}
    assert len(bench.switch.calls) == 1
    await asyncio.sleep(60)
    assert bench.switch.dialogs == 2


async def test_rfc3262_each_fork_has_response_numbers_of_its_own() -> None:
    policy = LegPolicy(reliable_provisionals=True)
    _, bob, _ = await called(forks(2, reliably=True), policy)

    pracks = [e for e in bob.events_of(DialogRequestReceived) if e.request.method == "PRACK"]
    assert len({e.dialog.local.tag for e in pracks}) == FORKS
    assert {e.request.headers.get("RAck") for e in pracks} == {"1 1 INVITE"}


async def test_a_call_whose_forks_all_ring_in_vain_leaves_no_dialog_behind() -> None:
    _, _, bench = await called(forks())

    bench.switch.drain()
    await bench.switch.close("the test is over")
    await asyncio.sleep(100)

    assert bench.switch.dialogs == 0
    assert len(bench.cdrs.cdrs) == 1


@pytest.mark.parametrize("fork", range(FORKS))
async def test_what_comes_in_an_early_dialog_of_a_call_that_is_over_is_met_with_481(
    fork: int,
) -> None:
    """A vendor may take no notice of CANCEL (RFC 3261 section 9.1), and keeps its dialogs."""
    alice, bob = caller(), vendor(forks())
    bench = SwitchBench(alice, bob)
    invite = bench.call(alice)
    await asyncio.sleep(1)
    bench.cancel(alice, invite)
    await asyncio.sleep(1)
    bob.now = asyncio.get_running_loop().time()
    early = list(bob.dialogs)[fork]

    bob.transactions.send_request(early.request("INFO"), early.flow, bob.now)
    bench.pump(bob)
    await asyncio.sleep(1)

    assert bench.switch.calls == {}
    assert bench.to(VENDOR)[-1] == "481"
