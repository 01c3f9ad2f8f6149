"""The whole control plane under a seed: whatever goes wrong, the books are right at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.books import read_books
from simulation.invariants import violations
from simulation.world import Plan, simulate

MEMORY = Path("/dev/shm")
"""Files that live for seconds need no disk."""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield path
    shutil.rmtree(path)


@pytest.mark.timeout(600)
def test_calls_leave_exact_books_and_nothing_behind(seed: int, calls: int, folder: Path) -> None:
    world = simulate(Plan(seed, calls), folder)

    found = list(violations(world, read_books(world.plane.ledger)))

    assert not found, _report(seed, calls, found)


def _report(seed: int, calls: int, found: list[str]) -> str:
    lines = "\n".join(found[:40])
    again = f"pytest tests/simulation --seed {seed} --calls {calls}"
    return f"seed {seed} breaks {len(found)} invariants; run it again with `{again}`\n{lines}"
