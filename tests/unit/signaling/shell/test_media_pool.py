"""Which media instance takes a session, and what happens when one is lost."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from trunkline_signaling.calls.cdr import MediaStatistics, StreamStatistics
from trunkline_signaling.calls.events import Event, FirstPacket, MediaLost
from trunkline_signaling.calls.legs import Side
from trunkline_signaling.calls.services import (
    CloseMedia,
    ConnectMedia,
    DigitsSent,
    LegMedia,
    MediaClosed,
    MediaConnected,
    MediaLoad,
    MediaOpened,
    OpenMedia,
    Play,
    PlayBegun,
    PlayStopped,
    SendDigits,
    ServiceError,
    StopPlay,
)
from trunkline_signaling.shell.media_pool import MediaPool


class FakeInstance:
    """A media instance that can be busy, full, draining or dead."""

    def __init__(self, name: str, sessions: int = 0) -> None:
        self.name = name
        self.sessions = sessions
        self.draining = self.dead = self.full = False
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.ended: set[str] = set()
        """Sessions that it will not open again."""
        self.events_to_tell: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()

    async def open(self, question: OpenMedia, epoch: str) -> MediaOpened:
        """Open."""
        self._check()
        if self.full:
            raise ServiceError("full", exhausted=True)
        if question.call_id in self.ended:
            raise ServiceError("session is closed already", refused=True)
        self.opened.append(question.call_id)
        self.sessions += 1
        return MediaOpened(self.name, ("10.0.0.9", 1), ("10.0.0.9", 3))

    async def connect(self, question: ConnectMedia) -> MediaConnected:
        """Connect."""
        self._check()
        return MediaConnected()

    async def close(self, question: CloseMedia) -> MediaClosed:
        """Close."""
        self._check()
        self.closed.append(question.call_id)
        return MediaClosed()

    async def statistics(self, call_ids: Sequence[str]) -> Mapping[str, MediaStatistics]:
        """Return as many packets as sessions were asked for."""
        self._check()
        counted = StreamStatistics(packets=len(call_ids))
        return {each: MediaStatistics(counted, counted) for each in call_ids}

    async def send_digits(self, question: SendDigits) -> DigitsSent:
        """Send nothing."""
        self._check()
        return DigitsSent()

    async def play(self, question: Play) -> PlayBegun:
        """Play nothing."""
        self._check()
        return PlayBegun(timedelta(0))

    async def stop_play(self, question: StopPlay) -> PlayStopped:
        """Play nothing."""
        self._check()
        return PlayStopped()

    async def load(self) -> MediaLoad:
        """Return the load."""
        self._check()
        return MediaLoad(self.name, self.sessions, 100, 0.0, self.draining)

    async def renew_leases(self, owner: str, epoch: str) -> int:
        """Return the sessions."""
        self._check()
        return self.sessions

    async def events(self, owner: str) -> AsyncIterator[tuple[str, Event]]:
        """Yield what is told."""
        self._check()
        while True:
            yield await self.events_to_tell.get()

    def _check(self) -> None:
        if self.dead:
            raise ServiceError("dead")


Told = list[tuple[str, Event]]


@asynccontextmanager
async def pool_of(*instances: FakeInstance) -> AsyncIterator[tuple[MediaPool, Told]]:
    """Run a pool of these."""
    told: Told = []

    def tell(call_id: str, event: Event) -> bool:
        told.append((call_id, event))
        return True

    pool = MediaPool("signaling-1", "epoch", tell)
    tasks = [asyncio.create_task(pool.serve(i.name, i)) for i in instances]
    await asyncio.sleep(0.1)
    try:
        yield pool, told
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def open_for(call_id: str) -> OpenMedia:
    """Return the question for a session."""
    return OpenMedia(call_id, "signaling-1", LegMedia(), LegMedia())


async def test_the_least_busy_instance_takes_the_session() -> None:
    busy, idle = FakeInstance("busy", sessions=50), FakeInstance("idle", sessions=3)

    async with pool_of(busy, idle) as (pool, _):
        opened = await pool.open(open_for("a"))

    assert opened.instance == "idle"


async def test_sessions_opened_since_the_last_look_count() -> None:
    one, two = FakeInstance("one"), FakeInstance("two")

    async with pool_of(one, two) as (pool, _):
        for number in range(10):
            await pool.open(open_for(f"call-{number}"))

    assert (len(one.opened), len(two.opened)) == (5, 5)


async def test_a_draining_instance_takes_no_new_session_and_keeps_those_it_has() -> None:
    leaving, staying = FakeInstance("leaving"), FakeInstance("staying", sessions=9)
    async with pool_of(leaving, staying) as (pool, _):
        await pool.open(open_for("a"))
        leaving.draining = True
        await asyncio.sleep(3)

        assert (await pool.open(open_for("b"))).instance == "staying"
        await pool.close(CloseMedia("a", "leaving"))

    assert leaving.closed == ["a"]


async def test_the_next_instance_is_asked_when_one_is_dead() -> None:
    dead, alive = FakeInstance("dead"), FakeInstance("alive", sessions=9)
    async with pool_of(dead, alive) as (pool, _):
        dead.dead = True

        assert (await pool.open(open_for("a"))).instance == "alive"


async def test_med13_when_all_are_full_the_error_says_so() -> None:
    full = FakeInstance("full")
    full.full = True
    async with pool_of(full) as (pool, _):
        with pytest.raises(ServiceError) as caught:
            await pool.open(open_for("a"))

    assert caught.value.exhausted


async def test_without_any_instance_nothing_is_opened() -> None:
    async with pool_of() as (pool, _):
        with pytest.raises(ServiceError, match="no media instance"):
            await pool.open(open_for("a"))


async def test_an_instance_that_is_back_on_its_address_is_used_at_once() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, _):
        instance.dead = True
        await asyncio.sleep(30)
        assert not pool.ready
        instance.dead = False
        await asyncio.sleep(0.3)

        assert pool.ready


async def test_events_reach_their_calls() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (_, told):
        instance.events_to_tell.put_nowait(("a", FirstPacket(Side.B)))
        await asyncio.sleep(0.1)

    assert told == [("a", FirstPacket(Side.B))]


async def test_the_calls_of_an_instance_that_stays_out_of_reach_are_told() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, told):
        await pool.open(open_for("a"))
        instance.dead = True
        await asyncio.sleep(4)
        assert told == []
        await asyncio.sleep(6)

        assert [(call_id, type(event)) for call_id, event in told] == [("a", MediaLost)]


async def test_an_instance_that_comes_back_without_its_sessions_has_lost_them() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, told):
        await pool.open(open_for("a"))
        instance.dead = True
        await asyncio.sleep(3)
        instance.dead, instance.sessions = False, 0
        await asyncio.sleep(3)

        assert [(call_id, type(event)) for call_id, event in told] == [("a", MediaLost)]


async def test_a_session_whose_opening_had_no_answer_is_closed_when_its_instance_answers() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, _):
        instance.dead = True
        with pytest.raises(ServiceError):
            await pool.open(open_for("a"))
        instance.dead = False
        await asyncio.sleep(3)

    assert instance.closed == ["a"]


async def test_a_session_that_may_be_open_is_closed_though_another_try_was_refused() -> None:
    """MED-13: the ports of a call that went on without media were never free again."""
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, _):
        instance.dead = True
        with pytest.raises(ServiceError):
            await pool.open(open_for("a"))
        instance.dead, instance.full = False, True
        with pytest.raises(ServiceError):
            await pool.open(open_for("a"))
        await asyncio.sleep(3)

    assert instance.closed == ["a"]


async def test_a_session_whose_closing_had_no_answer_is_closed_again() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, _):
        await pool.open(open_for("a"))
        instance.dead = True
        with pytest.raises(ServiceError):
            await pool.close(CloseMedia("a", "one"))
        instance.dead = False
        await asyncio.sleep(3)

    assert instance.closed == ["a"]


async def test_a_session_that_opens_at_the_second_try_is_not_closed() -> None:
    instance = FakeInstance("one")
    async with pool_of(instance) as (pool, _):
        instance.dead = True
        with pytest.raises(ServiceError):
            await pool.open(open_for("a"))
        instance.dead = False
        await pool.open(open_for("a"))
        await asyncio.sleep(3)

    assert instance.closed == []


async def test_an_instance_that_refuses_one_session_is_used_for_the_next() -> None:
    """A session that is closed is not opened again; the instance is as well as before."""
    idle, busy = FakeInstance("idle"), FakeInstance("busy", sessions=50)
    idle.ended.add("again")

    async with pool_of(idle, busy) as (pool, _):
        again = await pool.open(open_for("again"))
        fresh = await pool.open(open_for("fresh"))
        await asyncio.sleep(3)

    assert (again.instance, fresh.instance) == ("busy", "idle")
    assert idle.closed == []


async def test_mgt_09_the_figures_of_an_instance_that_is_away_are_unknown() -> None:
    near, dead = FakeInstance("near"), FakeInstance("dead")

    async with pool_of(near, dead) as (pool, _):
        dead.dead = True
        found = await pool.statistics({"near": ["a", "b"], "dead": ["c"], "gone": ["d"]})

    assert {call_id: one.leg_a.packets for call_id, one in found.items()} == {"a": 2, "b": 2}
