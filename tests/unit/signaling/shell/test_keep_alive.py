"""Datagrams that keep terminals behind NAT in reach, batch by batch (SIG-07)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from support.switch import SWITCH, LoopClock
from trunkline_kernel.faults import InvalidArgument
from trunkline_kernel.parameters import Parameters
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import Checked, DueChecks, ServiceError, Terminal
from trunkline_signaling.parameters import PARAMETERS
from trunkline_signaling.parameters.sip import keep_alive
from trunkline_signaling.shell.keep_alive import KeepAlive, KeepAliveSettings
from trunkline_signaling.sip.flow import Address, Flow, Transport

DEFAULTS = keep_alive(Parameters(PARAMETERS))


def terminal(number: int = 0, transport: Transport = Transport.UDP) -> Terminal:
    """Return a terminal behind NAT that stays registered."""
    address = (f"198.51.{number // 250}.{number % 250 + 1}", 40000)
    phone = Endpoint(EndpointKind.PHONE, str(number))
    return Terminal(phone, f"sip:{number}@10.0.0.9", Flow(transport, address, SWITCH), 1e9)


class Terminals:
    """An auth with terminals behind NAT."""

    def __init__(self, *behind_nat: Terminal) -> None:
        self.behind_nat: Sequence[Terminal] = behind_nat
        self.away = False

    async def registered(self, instance: str, *, behind_nat: bool) -> Sequence[Terminal]:
        """Return them."""
        if self.away:
            raise ServiceError("away")
        return self.behind_nat if behind_nat and instance == "signaling-1" else ()

    async def due_checks(self, instance: str) -> DueChecks:
        """Check nobody."""
        return DueChecks((), 60)

    async def report_checks(self, found: Sequence[Checked]) -> None:
        """Ignore it."""


class Wire:
    """Notes what is sent, when and where to."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, bytes, Address]] = []

    def send(self, data: bytes, flow: Flow) -> None:
        """Note it."""
        assert flow.local == SWITCH
        self.sent.append((asyncio.get_running_loop().time(), data, flow.remote))

    def local(self, transport: Transport) -> Address:
        """Send from the switch's address."""
        return SWITCH

    def knows(self, ip: str) -> bool:
        """Know everybody."""
        return True

    def overloaded(self) -> bool:
        """Have time."""
        return False

    @property
    def times(self) -> list[float]:
        """Return when something was sent."""
        return sorted({time for time, _, _ in self.sent})


@asynccontextmanager
async def sending(
    terminals: Terminals, settings: KeepAliveSettings = DEFAULTS
) -> AsyncIterator[Wire]:
    """Send for a while."""
    wire = Wire()
    sender = KeepAlive(terminals, wire, "signaling-1", lambda: settings, LoopClock())
    work = asyncio.create_task(sender.run())
    await asyncio.sleep(1)
    try:
        yield wire
    finally:
        work.cancel()


async def test_sig07a_a_terminal_behind_nat_gets_hello_every_30_s_where_it_came_from() -> None:
    async with sending(Terminals(terminal())) as wire:
        await asyncio.sleep(61)

        assert [data for _, data, _ in wire.sent] == [b"HELLO"] * 3
        assert {remote for _, _, remote in wire.sent} == {("198.51.0.1", 40000)}
        first, second, third = wire.times
        assert [second - first, third - second] == pytest.approx([30, 30])


async def test_sig07b_an_empty_message_sends_nothing() -> None:
    async with sending(Terminals(terminal()), replace(DEFAULTS, message=b"")) as wire:
        await asyncio.sleep(100)

        assert wire.sent == []


async def test_sig07c_7000_terminals_are_three_batches_half_a_second_apart() -> None:
    async with sending(Terminals(*map(terminal, range(7000)))) as wire:
        await asyncio.sleep(10)

        first, second, third = wire.times
        assert [second - first, third - second] == pytest.approx([0.5, 0.5])
        sizes = [sum(time == start for time, _, _ in wire.sent) for start in wire.times]
        assert sizes == [3000, 3000, 1000]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SS_SIP_NAT_KEEP_ALIVE_PERIOD", "5"),
        ("SS_SIP_NAT_KEEP_ALIVE_SEND_INTERVAL", "0"),
        ("SS_SIP_NAT_KEEP_ALIVE_SEND_ONE_TIME", "10001"),
    ],
)
def test_sig07d_a_value_out_of_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidArgument):
        Parameters(PARAMETERS).replace({name: value})


async def test_sig07e_without_nat_or_over_tcp_nothing_is_sent() -> None:
    async with sending(Terminals(terminal(1, Transport.TCP))) as wire:
        assert wire.sent == []


async def test_sig07_a_binding_that_is_gone_or_has_expired_gets_nothing() -> None:
    terminals = Terminals(terminal(1), replace(terminal(2), expires=1010.0))
    async with sending(terminals) as wire:
        assert len(wire.sent) == 2
        terminals.behind_nat = terminals.behind_nat[1:]
        await asyncio.sleep(60)

        assert len(wire.sent) == 2


async def test_sig07_a_round_longer_than_the_period_delays_the_next() -> None:
    slow = KeepAliveSettings(b"x", period=10, send_interval=4, send_one_time=1)
    async with sending(Terminals(*map(terminal, range(4))), slow) as wire:
        await asyncio.sleep(20)

        begun = wire.times[0]
        assert [time - begun for time in wire.times] == [0, 4, 8, 12, 16, 20]


async def test_sig07_while_auth_is_away_those_known_before_are_kept_alive() -> None:
    terminals = Terminals(terminal())
    async with sending(terminals) as wire:
        terminals.away = True
        await asyncio.sleep(60)

        assert len(wire.sent) == 3
