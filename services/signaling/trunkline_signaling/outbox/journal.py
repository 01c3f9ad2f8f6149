"""The outbox's file: answered calls that have no end yet, and CDRs that billing hasn't got yet.

SQLite with `synchronous=FULL`: what a commit returned from survives the loss of power. Not for more
than one thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS open_calls (
    call_id TEXT PRIMARY KEY,
    cdr BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cdrs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE,
    cdr BLOB NOT NULL,
    stored_time REAL NOT NULL,
    refusal TEXT
);
CREATE TABLE IF NOT EXISTS alive (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    time REAL NOT NULL
);
"""


class StoredCdr(NamedTuple):
    """A CDR that waits for billing."""

    sequence: int
    call_id: str
    cdr: bytes
    stored_time: float


class Opened(NamedTuple):
    """Note a call that was answered."""

    call_id: str
    cdr: bytes


class Finished(NamedTuple):
    """Store the CDR of a call; it is open no more."""

    call_id: str
    cdr: bytes
    time: float


class Alive(NamedTuple):
    """Note that the process lives."""

    time: float


class Delivered(NamedTuple):
    """Forget CDRs that billing has."""

    sequences: tuple[int, ...]


class Refused(NamedTuple):
    """Keep a CDR that billing will never take, for people to look at."""

    sequence: int
    explanation: str


Entry = Opened | Finished | Alive | Delivered | Refused

Complete = Callable[[bytes, float], bytes]
"""Makes a CDR of an open call and the last time its owner was known to live."""


class Journal:
    """One file."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises `sqlite3.Error`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def write(self, entries: Iterable[Entry]) -> list[StoredCdr]:
        """Commit entries together; return the CDRs among them as stored, in order."""
        execute = self._connection.execute
        stored = []
        execute("BEGIN IMMEDIATE")
        try:
            for entry in entries:
                match entry:
                    case Opened(call_id, cdr):
                        execute("INSERT OR REPLACE INTO open_calls VALUES (?, ?)", (call_id, cdr))
                    case Finished():
                        stored.append(self._store(entry))
                    case Alive(time):
                        execute("INSERT OR REPLACE INTO alive VALUES (1, ?)", (time,))
                    case Delivered(sequences):
                        rows = [(sequence,) for sequence in sequences]
                        self._connection.executemany("DELETE FROM cdrs WHERE sequence = ?", rows)
                    case Refused(sequence, explanation):
                        execute(
                            "UPDATE cdrs SET refusal = ? WHERE sequence = ?",
                            (explanation, sequence),
                        )
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise
        return stored

    def recover(self, complete: Complete, now: float) -> int:
        """Make CDRs of the calls that a former life left open; return how many.

        They end when the process was last known to live.
        """
        row = self._connection.execute("SELECT time FROM alive").fetchone()
        alive = row[0] if row is not None else 0.0
        left = self._connection.execute("SELECT call_id, cdr FROM open_calls").fetchall()
        self.write(Finished(call_id, complete(cdr, alive), now) for call_id, cdr in left)
        return len(left)

    def waiting(self, after: int, limit: int) -> list[StoredCdr]:
        """Return CDRs that billing hasn't got, in the order they were stored."""
        rows = self._connection.execute(
            "SELECT sequence, call_id, cdr, stored_time FROM cdrs"
            " WHERE sequence > ? AND refusal IS NULL ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [StoredCdr(*row) for row in rows]

    def _store(self, entry: Finished) -> StoredCdr:
        execute = self._connection.execute
        execute("DELETE FROM open_calls WHERE call_id = ?", (entry.call_id,))
        cursor = execute(
            "INSERT OR REPLACE INTO cdrs (call_id, cdr, stored_time) VALUES (?, ?, ?)",
            (entry.call_id, entry.cdr, entry.time),
        )
        assert cursor.lastrowid is not None
        return StoredCdr(cursor.lastrowid, entry.call_id, entry.cdr, entry.time)
