"""The whole control plane under a seed: whatever goes wrong, the books are right at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulation.books import read_books
from simulation.invariants import violations
from simulation.world import Plan, simulate

SHOWN = 40


@pytest.mark.timeout(900)
def test_calls_leave_exact_books_and_nothing_behind(seed: int, calls: int, folder: Path) -> None:
    world = simulate(Plan(seed, calls), folder)

    found = list(violations(world, read_books(world.plane.ledger)))

    assert not found, _report(seed, calls, found)


def _report(seed: int, calls: int, found: list[str]) -> str:
    again = f"pytest tests/simulation --seed {seed} --calls {calls}"
    head = f"seed {seed} breaks {len(found)} invariants; run it again with `{again}`"
    return "\n".join([head, *found[:SHOWN]])
