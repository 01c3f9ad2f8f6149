"""CDRs reach billing at least once, whatever billing does meanwhile (BIL-10)."""

import asyncio
from collections.abc import Sequence

import pytest
from support.waiting import until
from trunkline_kernel.faults import Fault, RemoteError
from trunkline_kernel.metrics import Metrics
from trunkline_signaling.outbox import Settler, Waiting, settler


class Box:
    """CDRs in memory."""

    def __init__(self, *call_ids: str) -> None:
        self.cdrs = [Waiting(n, name, 10.0, name.encode()) for n, name in enumerate(call_ids)]
        self.refused: list[str] = []

    @property
    def waiting(self) -> int:
        return len(self.cdrs)

    async def oldest(self, limit: int) -> list[Waiting]:
        return self.cdrs[:limit]

    async def confirm(self, settled: Sequence[Waiting]) -> None:
        self.cdrs = [waiting for waiting in self.cdrs if waiting not in settled]

    async def refuse(self, refused: Waiting, explanation: str, now: float) -> None:
        self.refused.append(explanation)
        await self.confirm([refused])


class Billing:
    """Fails a few times, and refuses one CDR for ever."""

    def __init__(self, failures: int = 0, poison: bytes = b"") -> None:
        self.failures = failures
        self.poison = poison
        self.settled: list[bytes] = []

    async def settle(self, cdr: bytes) -> None:
        if cdr == self.poison:
            raise RemoteError(Fault.INVALID_ARGUMENT, "no such account")
        if self.failures:
            self.failures -= 1
            raise RemoteError(Fault.UNAVAILABLE, "away")
        self.settled.append(cdr)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settler, "RETRY_DELAYS", (0.001,))


async def settle(box: Box, billing: Billing) -> Metrics:
    metrics = Metrics("signaling")
    task = asyncio.create_task(Settler(box, billing.settle, lambda: 15.0, metrics).run())
    await until(lambda: not box.cdrs)
    task.cancel()
    return metrics


async def test_every_cdr_is_delivered_in_order() -> None:
    billing = Billing()

    await settle(Box("a", "b", "c"), billing)

    assert billing.settled == [b"a", b"b", b"c"]


async def test_billing_that_comes_back_gets_every_cdr_once() -> None:
    billing = Billing(failures=7)

    await settle(Box("a", "b", "c"), billing)

    assert sorted(billing.settled) == [b"a", b"b", b"c"]


async def test_a_cdr_that_billing_never_takes_does_not_hold_up_the_others() -> None:
    box, billing = Box("a", "bad", "c"), Billing(poison=b"bad")

    metrics = await settle(box, billing)

    assert billing.settled == [b"a", b"c"]
    assert box.refused == ["no such account"]
    assert b"trunkline_signaling_cdrs_refused_total 1.0" in metrics.render()


async def test_the_age_of_the_oldest_waiting_cdr_is_exported() -> None:
    box, metrics = Box("a"), Metrics("signaling")
    billing = Billing(failures=1_000_000)

    task = asyncio.create_task(Settler(box, billing.settle, lambda: 15.0, metrics).run())
    await until(lambda: b"cdrs_oldest_age_seconds 5.0" in metrics.render())
    task.cancel()

    assert b"trunkline_signaling_cdrs_waiting 1.0" in metrics.render()
