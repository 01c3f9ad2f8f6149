"""The outbox's file: what is on disk survives, and calls of a former life get their CDR."""

from pathlib import Path

import pytest
from trunkline_signaling.outbox.journal import (
    Alive,
    Delivered,
    Finished,
    Journal,
    Opened,
    Refused,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is."""
    return tmp_path / "var" / "outbox.db"


def ended_at(cdr: bytes, alive: float) -> bytes:
    """Complete a CDR so that a test can read it."""
    return cdr + f" ended {alive:g}".encode()


def test_cdrs_wait_in_the_order_in_which_they_were_stored(path: Path) -> None:
    journal = Journal(path)

    journal.write([Finished("b", b"B", 1.0), Finished("a", b"A", 2.0)])

    assert [cdr.call_id for cdr in journal.waiting(0, 10)] == ["b", "a"]


def test_cdrs_survive_the_process(path: Path) -> None:
    Journal(path).write([Finished("a", b"A", 1.0)])

    assert [cdr.cdr for cdr in Journal(path).waiting(0, 10)] == [b"A"]


def test_a_delivered_cdr_is_forgotten(path: Path) -> None:
    journal = Journal(path)
    (stored,) = journal.write([Finished("a", b"A", 1.0)])

    journal.write([Delivered((stored.sequence,))])

    assert journal.waiting(0, 10) == []


def test_a_refused_cdr_is_kept_but_waits_no_more(path: Path) -> None:
    journal = Journal(path)
    first, second = journal.write([Finished("a", b"A", 1.0), Finished("b", b"B", 1.0)])

    journal.write([Refused(first.sequence, "no such account")])

    assert journal.waiting(0, 10) == [second]


def test_a_call_left_open_by_a_former_life_ends_when_that_was_last_alive(path: Path) -> None:
    former = Journal(path)
    former.write([Opened("a", b"A"), Alive(100.0)])
    former.write([Alive(102.0)])

    recovering = Journal(path)

    assert recovering.recover(ended_at, now=200.0) == 1
    assert [cdr.cdr for cdr in recovering.waiting(0, 10)] == [b"A ended 102"]
    assert recovering.recover(ended_at, now=300.0) == 0


def test_a_call_that_ended_is_not_recovered(path: Path) -> None:
    former = Journal(path)
    former.write([Opened("a", b"A"), Finished("a", b"end", 1.0)])

    assert Journal(path).recover(ended_at, now=2.0) == 0


def test_a_commit_that_fails_stores_nothing_of_it(path: Path) -> None:
    journal = Journal(path)

    with pytest.raises(Exception, match="type"):
        journal.write([Finished("a", b"A", 1.0), Finished("b", object(), 1.0)])  # type: ignore[arg-type]

    assert journal.waiting(0, 10) == []
