"""CDRs that wait for billing, and the answered calls that will need one.

Every answered call has a row in the journal until its CDR is stored, and the process stamps the
file every few seconds. So a process that was killed finds at its next start which calls it lost
and when it was last alive, and closes them with a CDR.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .group_commit import GroupCommit

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE,
    stored_time REAL NOT NULL,
    cdr BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS refused (
    call_id TEXT PRIMARY KEY,
    refused_time REAL NOT NULL,
    explanation TEXT NOT NULL,
    cdr BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS journal (
    call_id TEXT PRIMARY KEY,
    cdr BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alive (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    time REAL NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A CDR that billing has not confirmed."""

    sequence: int
    call_id: str
    stored_time: float
    """UNIX seconds."""
    cdr: bytes


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The calls of a life that ended without a farewell."""

    alive_time: float
    """When that life was last known to go on, UNIX seconds."""
    cdrs: Sequence[bytes]
    """Their CDRs as they were when the calls were answered."""


class Outbox:
    """One signaling instance's outbox. Made inside a running event loop."""

    def __init__(self, path: Path) -> None:
        self._commits = GroupCommit(path, SCHEMA)
        self.waiting = 0
        """CDRs that wait. Known after `abandoned`."""

    @property
    def failing(self) -> bool:
        """Whether the disk refuses what is to be stored."""
        return self._commits.failing

    async def abandoned(self) -> Abandoned | None:
        """Return what the last life left unfinished; None when it left nothing. Call it first."""

        def read(connection: sqlite3.Connection) -> tuple[int, float, list[bytes]]:
            count = connection.execute("SELECT count(*) FROM waiting").fetchone()[0]
            alive = connection.execute("SELECT time FROM alive").fetchone()
            rows = connection.execute("SELECT cdr FROM journal").fetchall()
            return count, alive[0] if alive else 0.0, [cdr for (cdr,) in rows]

        self.waiting, alive_time, cdrs = await self._commits.submit(read)
        return Abandoned(alive_time, cdrs) if cdrs else None

    async def stamp(self, now: float) -> None:
        """Note that this process lives. `now` is in UNIX seconds."""
        await self._commits.submit(
            lambda connection: connection.execute(
                "INSERT INTO alive VALUES (1, ?) ON CONFLICT DO UPDATE SET time = excluded.time",
                (now,),
            )
        )

    async def journal(self, call_id: str, cdr: bytes) -> None:
        """Note durably that a call is answered."""
        await self._commits.submit(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO journal VALUES (?, ?)", (call_id, cdr)
            )
        )

    async def store(self, call_id: str, cdr: bytes, now: float) -> None:
        """Make the CDR of a call durable and close its row in the journal. Safe to repeat."""

        def write(connection: sqlite3.Connection) -> int:
            stored = connection.execute(
                "INSERT OR IGNORE INTO waiting (call_id, stored_time, cdr) VALUES (?, ?, ?)",
                (call_id, now, cdr),
            )
            connection.execute("DELETE FROM journal WHERE call_id = ?", (call_id,))
            return stored.rowcount

        stored = await self._commits.submit(write)
        self.waiting += stored

    async def oldest(self, limit: int) -> list[Waiting]:
        """Return up to `limit` CDRs that wait, in the order in which their calls ended."""
        query = "SELECT sequence, call_id, stored_time, cdr FROM waiting ORDER BY sequence LIMIT ?"
        rows = await self._commits.submit(
            lambda connection: connection.execute(query, (limit,)).fetchall()
        )
        return [Waiting(*row) for row in rows]

    async def confirm(self, settled: Sequence[Waiting]) -> None:
        """Forget CDRs that billing has settled."""
        await self._commits.submit(lambda connection: _remove(connection, settled))
        self.waiting -= len(settled)

    async def refuse(self, refused: Waiting, explanation: str, now: float) -> None:
        """Put aside a CDR that billing will never take, for an operator to look at."""

        def move(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)",
                (refused.call_id, now, explanation, refused.cdr),
            )
            _remove(connection, [refused])

        await self._commits.submit(move)
        self.waiting -= 1

    async def close(self) -> None:
        """Write what was handed in and close the file."""
        await self._commits.close()


def _remove(connection: sqlite3.Connection, settled: Sequence[Waiting]) -> None:
    connection.executemany(
        "DELETE FROM waiting WHERE sequence = ?", [(waiting.sequence,) for waiting in settled]
    )
