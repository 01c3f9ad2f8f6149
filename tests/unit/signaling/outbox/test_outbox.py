"""BIL-10: a CDR that was stored is there after any end of the process, until billing has it."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from trunkline.billing.v1.billing_pb2 import Cdr
from trunkline_signaling.outbox import Outbox
from trunkline_signaling.outbox.outbox import Abandoned
from trunkline_signaling.outbox.recovery import recovered

KILLED = """
import asyncio, os, sys
from pathlib import Path
from trunkline_signaling.outbox import Outbox

async def main():
    outbox = Outbox(Path(sys.argv[1]))
    await outbox.journal("answered", b"half")
    await outbox.stamp(1000.0)
    await outbox.store("ended", b"whole", 1001.0)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.db")
    yield outbox
    await outbox.close()


async def test_cdrs_wait_in_the_order_in_which_they_were_stored(outbox: Outbox) -> None:
    await asyncio.gather(*(outbox.store(str(n), b"cdr", 1.0) for n in range(50)))

    assert [waiting.call_id for waiting in await outbox.oldest(3)] == ["0", "1", "2"]
    assert outbox.waiting == 50


async def test_a_call_is_stored_once_however_often_it_is_handed_in(outbox: Outbox) -> None:
    await outbox.store("call", b"first", 1.0)
    await outbox.store("call", b"second", 2.0)

    (waiting,) = await outbox.oldest(10)
    assert (waiting.cdr, outbox.waiting) == (b"first", 1)


async def test_a_confirmed_cdr_is_forgotten(outbox: Outbox) -> None:
    await outbox.store("call", b"cdr", 1.0)

    await outbox.confirm(await outbox.oldest(10))

    assert (await outbox.oldest(10), outbox.waiting) == ([], 0)


async def test_a_refused_cdr_is_put_aside_and_not_lost(outbox: Outbox, tmp_path: Path) -> None:
    await outbox.store("call", b"cdr", 1.0)
    (waiting,) = await outbox.oldest(1)

    await outbox.refuse(waiting, "no such account", 2.0)

    rows = sqlite3.connect(tmp_path / "outbox.db").execute("SELECT call_id, cdr FROM refused")
    assert rows.fetchall() == [("call", b"cdr")]
    assert await outbox.oldest(1) == []


async def test_kill_9_loses_no_stored_cdr_and_leaves_answered_calls_in_the_journal(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(path), env=os.environ
    )
    assert await process.wait() == -9

    outbox = Outbox(path)
    abandoned = await outbox.abandoned()
    waiting = await outbox.oldest(10)
    await outbox.close()

    assert abandoned == Abandoned(1000.0, [b"half"])
    assert [cdr.cdr for cdr in waiting] == [b"whole"]
    assert outbox.waiting == 1


async def test_the_end_of_a_call_closes_its_row_in_the_journal(outbox: Outbox) -> None:
    await outbox.journal("call", b"half")
    await outbox.store("call", b"whole", 1.0)

    assert await outbox.abandoned() is None


async def test_what_the_disk_refuses_is_kept_and_stored_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline_signaling.outbox.group_commit.RETRY_DELAY", 0.01)
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.abandoned()
    lock = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    storing = asyncio.ensure_future(outbox.store("call", b"cdr", 1.0))
    await asyncio.sleep(0)
    lock.execute("ROLLBACK")
    await storing

    assert outbox.waiting == 1
    lock.close()
    await outbox.close()


def test_an_abandoned_call_ends_when_its_process_was_last_alive() -> None:
    early, late = Cdr(call_id="early"), Cdr(call_id="late")
    early.answer_time.FromDatetime(datetime.fromtimestamp(900, UTC))
    late.answer_time.FromDatetime(datetime.fromtimestamp(1001, UTC))
    cdrs = [early.SerializeToString(), late.SerializeToString()]

    ends = {cdr.call_id: cdr.end_time.ToSeconds() for cdr in recovered(Abandoned(1000.0, cdrs))}

    assert ends == {"early": 1000, "late": 1001}
