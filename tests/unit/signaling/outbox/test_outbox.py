"""CDRs from the switch to billing: durable first, delivered at least once, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from support.waiting import until
from trunkline_kernel.faults import Fault, InvalidArgument, RemoteError
from trunkline_signaling.calls.cdr import Cdr
from trunkline_signaling.outbox import delivery
from trunkline_signaling.outbox.outbox import Outbox
from trunkline_signaling.shell.own_addresses import SystemClock


class FakeBilling:
    """Takes CDRs, unless it is away or refuses them."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.tries = 0
        self.away = False
        self.refuses: set[str] = set()

    async def settle(self, call_id: str, cdr: bytes) -> None:
        """Take one."""
        self.tries += 1
        if self.away:
            raise RemoteError(Fault.UNAVAILABLE, "away")
        if call_id in self.refuses:
            raise InvalidArgument("no such account")
        self.taken.append(call_id)


def cdr(call_id: str) -> Cdr:
    """Return a CDR."""
    return Cdr(call_id, "signaling-1", "x", ("192.0.2.1", 5060), 1.0)


@asynccontextmanager
async def running(path: Path, billing: FakeBilling) -> AsyncIterator[Outbox]:
    """Run an outbox."""
    async with Outbox(path, _spell, _unchanged, billing, SystemClock()) as outbox:
        task = asyncio.create_task(outbox.run())
        try:
            yield outbox
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_cdr_is_durable_before_the_switch_is_told(tmp_path: Path) -> None:
    billing = FakeBilling()
    billing.away = True
    told = asyncio.Event()
    async with running(tmp_path / "o.db", billing) as outbox:
        outbox.finished(cdr("a"), told.set)
        await told.wait()

        async with running(tmp_path / "o.db", FakeBilling()) as witness:
            await until(lambda: witness.delivery.depth == 0)


async def test_a_switch_that_leaves_can_wait_until_billing_has_its_last_cdr(tmp_path: Path) -> None:
    billing = FakeBilling()
    told = asyncio.Event()
    async with running(tmp_path / "o.db", billing) as outbox:
        outbox.finished(cdr("last"), told.set)
        await told.wait()
        assert billing.taken == []

        await outbox.delivery.done()

        assert billing.taken == ["last"]


async def test_cdrs_are_delivered_in_order(tmp_path: Path) -> None:
    billing = FakeBilling()
    async with running(tmp_path / "o.db", billing) as outbox:
        for number in range(200):
            outbox.finished(cdr(f"{number:03}"), _nothing)

        await until(lambda: len(billing.taken) == 200)

    assert billing.taken == sorted(billing.taken)


async def test_a_full_batch_waits_for_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 3600)
    billing, stored = FakeBilling(), list[None]()
    async with Outbox(tmp_path / "o.db", _spell, _unchanged, billing, SystemClock()) as outbox:
        for number in range(2 * delivery.BATCH):
            outbox.finished(cdr(str(number)), lambda: stored.append(None))
        await until(lambda: len(stored) == 2 * delivery.BATCH)

        task = asyncio.create_task(outbox.run())
        await until(lambda: len(billing.taken) == 2 * delivery.BATCH)

        task.cancel()


async def test_billing_that_was_away_gets_everything_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.01)
    billing = FakeBilling()
    billing.away = True
    async with running(tmp_path / "o.db", billing) as outbox:
        outbox.finished(cdr("a"), _nothing)
        outbox.finished(cdr("b"), _nothing)
        await until(lambda: billing.tries >= 2)
        assert outbox.delivery.depth == 2
        assert outbox.delivery.age(SystemClock().now()) > 0

        billing.away = False
        await until(lambda: outbox.delivery.depth == 0)

    assert sorted(set(billing.taken)) == ["a", "b"]


async def test_cdrs_outlive_an_outbox_that_could_not_deliver_them(tmp_path: Path) -> None:
    away, back = FakeBilling(), FakeBilling()
    away.away = True
    async with running(tmp_path / "o.db", away) as outbox:
        outbox.finished(cdr("a"), _nothing)

    async with running(tmp_path / "o.db", back) as outbox:
        await until(lambda: outbox.delivery.depth == 0 and bool(back.taken))

    assert back.taken == ["a"]


async def test_a_cdr_that_billing_refuses_does_not_hold_up_the_others(tmp_path: Path) -> None:
    billing = FakeBilling()
    billing.refuses = {"a"}
    async with running(tmp_path / "o.db", billing) as outbox:
        outbox.finished(cdr("a"), _nothing)
        outbox.finished(cdr("b"), _nothing)

        await until(lambda: outbox.delivery.depth == 0 and billing.taken == ["b"])


async def test_an_answered_call_gets_its_cdr_in_the_next_life(tmp_path: Path) -> None:
    billing = FakeBilling()
    async with running(tmp_path / "o.db", FakeBilling()) as outbox:
        outbox.opened(cdr("a"))

    async with running(tmp_path / "o.db", billing) as outbox:
        assert outbox.recovered == 1
        await until(lambda: billing.taken == ["a"])


def _spell(cdr: Cdr) -> bytes:
    """Return bytes for a CDR."""
    return cdr.call_id.encode()


def _unchanged(cdr: bytes, alive: float) -> bytes:
    """Leave a CDR as it is."""
    return cdr


def _nothing() -> None:
    """Nobody waits."""
