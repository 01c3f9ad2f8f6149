"""The outbox's file: answered calls that have no end yet, and CDRs that billing hasn't got yet.

SQLite with `synchronous=FULL`: what a commit returned from survives the loss of power. Not for more
than one thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count
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

_MOST_ROWS: Final = 200
"""Rows of one statement: SQLite before 3.32 takes 999 values."""

_MOST_STATEMENTS: Final = 256
"""Prepared statements kept: one for each kind of entry and number of rows."""


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
            path, isolation_level=None, check_same_thread=False, cached_statements=_MOST_STATEMENTS
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'cdrs'")
        self._sequence = count(1 + (row.fetchone() or (0,))[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def write(self, entries: Iterable[Entry]) -> list[StoredCdr]:
        """Commit entries together; return the CDRs among them as stored, in order.

        One statement for all of a kind: with each, the thread takes the interpreter from the event
        loop and gives it back.
        """
        opened: list[Opened] = []
        stored: list[StoredCdr] = []
        delivered: list[int] = []
        others: list[Alive | Refused] = []
        for entry in entries:
            match entry:
                case Opened():
                    opened.append(entry)
                case Finished(call_id, cdr, time):
                    stored.append(StoredCdr(next(self._sequence), call_id, cdr, time))
                case Delivered(sequences):
                    delivered += sequences
                case _:
                    others.append(entry)
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._each("INSERT OR REPLACE INTO open_calls VALUES {}", "(?, ?)", opened)
            self._each("INSERT OR REPLACE INTO cdrs VALUES {}", "(?, ?, ?, ?, NULL)", stored)
            ended = [(cdr.call_id,) for cdr in stored]
            self._each("DELETE FROM open_calls WHERE call_id IN ({})", "?", ended)
            gone = [(sequence,) for sequence in delivered]
            self._each("DELETE FROM cdrs WHERE sequence IN ({})", "?", gone)
            for other in others:
                self._note(other)
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

    def _each(self, statement: str, marks: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Execute a statement with the `marks` of many rows in place of {}."""
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            self._connection.execute(
                statement.format(", ".join([marks] * len(part))), [*chain.from_iterable(part)]
            )

    def _note(self, entry: Alive | Refused) -> None:
        execute = self._connection.execute
        match entry:
            case Alive(time):
                execute("INSERT OR REPLACE INTO alive VALUES (1, ?)", (time,))
            case Refused(sequence, explanation):
                execute("UPDATE cdrs SET refusal = ? WHERE sequence = ?", (explanation, sequence))
