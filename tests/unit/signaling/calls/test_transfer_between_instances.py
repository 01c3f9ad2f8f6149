"""Attended transfer of calls that two signaling instances have (SIG-21, RFC 3891, ADR 16)."""

import asyncio

import pytest
from support.platform import PHONE_1, platform, to
from support.routed_switch import RoutedBench
from support.switch import CALLER, SWITCH, VENDOR, answers_with, caller, vendor
from support.transfers import (
    ELSEWHERE,
    MAY,
    both_ways,
    consultation,
    dialogs_of,
    refer,
    replacing,
    told,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.owner import mark_of
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.shell.handovers import TICKET, Handover, Offered
from trunkline_signaling.sip.flow import Address

SECOND_SWITCH: Address = ("10.0.0.11", 5060)


class SharedHandovers:
    """What `RedisHandovers` keeps in Redis, in memory."""

    def __init__(self) -> None:
        self.instances = {
            mark_of("signaling-1"): SWITCH,
            mark_of("signaling-2"): SECOND_SWITCH,
        }
        self.tickets: dict[str, Handover] = {}

    async def offer(self, mark: str, handover: Handover) -> Offered | None:
        """Look the instance up and leave a ticket for it."""
        await asyncio.sleep(0.001)
        address = self.instances.get(mark)
        if address is None:
            return None
        ticket = f"ticket-{len(self.tickets)}"
        self.tickets[ticket] = handover
        return Offered(address, ticket)

    async def take(self, ticket: str) -> Handover | None:
        """Take the ticket out."""
        await asyncio.sleep(0.001)
        return self.tickets.pop(ticket, None)


class TwoSwitches:
    """Phone 2001 talks to the customer at one instance, and to 4420 at the other."""

    def __init__(self, phone: str = "2001") -> None:
        """`phone` is who auth says has made the second call."""
        self.handovers = SharedHandovers()
        self.alice, self.bob = caller(), UserAgent(PHONE_1, script=both_ways)
        self.carol = vendor(answers_with(ELSEWHERE))
        self.first = self._switch(SWITCH, "signaling-1", self.alice, self.bob)
        self.second = self._switch(SECOND_SWITCH, "signaling-2", self.carol)
        self.second.auth.decision = Allowed(Endpoint(EndpointKind.PHONE, phone))
        self.first.join(self.second)

    def _switch(self, address: Address, instance: str, *agents: UserAgent) -> RoutedBench:
        return platform(
            *agents,
            phones={"2001": MAY, "2002": MAY},
            handovers=self.handovers,
            address=address,
            instance=instance,
        )

    async def consult(self) -> None:
        """Make the two calls."""
        self.first.call(self.alice, to("2001"))
        await asyncio.sleep(5)
        self.second.call(self.bob, consultation())
        await asyncio.sleep(5)

    async def transfer(self) -> None:
        """Let the phone hand the customer over to 4420."""
        first, second = dialogs_of(self.bob)
        refer(self.first, self.bob, replacing(second), first)
        await asyncio.sleep(5)

    async def hang_up(self, bench: RoutedBench, agent: UserAgent) -> None:
        """Let an agent end its call."""
        bench.send_in(agent, "BYE")
        await asyncio.sleep(1)

    @property
    def calls(self) -> int:
        """Calls at both instances."""
        return len(self.first.switch.calls) + len(self.second.switch.calls)


async def test_two_calls_of_two_instances_are_bridged() -> None:
    """SIG-21: REFER with Replaces bridges the two dialogs, whoever owns them."""
    switches = TwoSwitches()
    await switches.consult()

    await switches.transfer()

    assert told(switches.first) == ["100 Trying", "200 OK"]
    assert switches.first.to(PHONE_1)[-1] == "BYE"
    assert switches.second.to(PHONE_1)[-1] == "BYE"
    assert b"m=audio 7000" in switches.first.requests(CALLER)[-1].body
    assert b"m=audio 4000" in switches.second.requests(VENDOR)[-1].body
    assert switches.calls == 2


@pytest.mark.parametrize("side", ["customer", "vendor"])
async def test_whoever_hangs_up_both_calls_end_with_a_cdr_each(side: str) -> None:
    """SIG-21: the transferor's account pays for its own call until the end."""
    switches = TwoSwitches()
    await switches.consult()
    await switches.transfer()

    if side == "customer":
        await switches.hang_up(switches.first, switches.alice)
    else:
        await switches.hang_up(switches.second, switches.carol)

    assert switches.first.cdr.account == "acme"
    assert switches.second.cdr.account == "tenant"
    assert switches.calls == switches.first.switch.dialogs == switches.second.switch.dialogs == 0


async def test_the_end_of_one_instance_ends_the_call_of_the_other() -> None:
    """SIG-05: a session timer runs between instances."""
    switches = TwoSwitches()
    await switches.consult()
    await switches.transfer()

    switches.second.join(platform(address=SWITCH, phones={}))  # in its place, with no calls
    await asyncio.sleep(1200)

    assert switches.second.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert not switches.second.switch.calls


async def test_a_session_between_instances_is_kept_alive() -> None:
    """SIG-04."""
    switches = TwoSwitches()
    await switches.consult()
    await switches.transfer()

    await asyncio.sleep(4000)

    assert switches.calls == 2


async def test_only_the_transferors_own_dialog_is_replaced_elsewhere() -> None:
    """RFC 3891 section 3: 481; both calls go on."""
    switches = TwoSwitches(phone="2002")
    await switches.consult()

    await switches.transfer()

    assert told(switches.first) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
    assert switches.calls == 2


async def test_an_instance_that_nobody_knows_has_no_call() -> None:
    """RFC 3891 section 3: 481; Redis is away, or the other instance gone."""
    switches = TwoSwitches()
    await switches.consult()
    switches.handovers.instances.clear()

    await switches.transfer()

    assert told(switches.first) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
    assert switches.calls == 2


async def test_an_instance_that_does_not_answer_leaves_the_call_as_it_was() -> None:
    """SIG-21: failure keeps the old call."""
    switches = TwoSwitches()
    await switches.consult()
    switches.handovers.instances[mark_of("signaling-2")] = ("10.0.0.99", 5060)

    await switches.transfer()
    await asyncio.sleep(60)

    assert told(switches.first) == ["100 Trying", "408 Request Timeout"]
    assert "BYE" not in switches.first.to(CALLER) + switches.first.to(PHONE_1)


@pytest.mark.parametrize("ticket", ["", "guessed", "of another"])
async def test_nobody_outside_takes_a_place_in_a_call(ticket: str) -> None:
    """RFC 3891 section 3: an INVITE without a ticket of its own is a call like any other."""
    switches = TwoSwitches()
    await switches.consult()
    dialog, _ = dialogs_of(switches.bob)
    phone = Endpoint(EndpointKind.PHONE, "2001")
    switches.handovers.tickets["of another"] = Handover(phone, "another-call-id")
    stolen = to("4420")
    stolen.headers.set("Call-ID", "thief")
    stolen.headers.set(
        "Replaces", f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
    )
    if ticket:
        stolen.headers.set(TICKET, ticket)

    switches.first.call(switches.alice, stolen)
    await asyncio.sleep(5)

    assert "BYE" not in switches.first.to(PHONE_1)
    assert len(switches.first.switch.calls) == 2
    assert len(switches.first.requests(VENDOR)) == 1
