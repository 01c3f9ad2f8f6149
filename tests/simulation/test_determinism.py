"""A seed is a run: the same events in the same order, here and in another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simulation.world import Plan, simulate

TESTS = Path(__file__).parents[1]
HERE = """
import sys
from pathlib import Path
from simulation.world import Plan, simulate
print(simulate(Plan(int(sys.argv[1]), int(sys.argv[2])), Path(sys.argv[3])).trace.digest())
"""


def test_the_same_seed_gives_the_same_events(tmp_path: Path) -> None:
    first = simulate(Plan(7, 60), tmp_path / "first")
    second = simulate(Plan(7, 60), tmp_path / "second")

    assert first.trace.events == second.trace.events > 1000
    assert first.trace.digest() == second.trace.digest()


def test_the_order_of_sets_and_hashes_changes_nothing(tmp_path: Path) -> None:
    digests = {_elsewhere("0", tmp_path / "zero"), _elsewhere("1", tmp_path / "one")}

    assert len(digests) == 1


def test_another_seed_gives_other_events(tmp_path: Path) -> None:
    first = simulate(Plan(7, 60), tmp_path / "first")
    other = simulate(Plan(8, 60), tmp_path / "other")

    assert first.trace.digest() != other.trace.digest()


def _elsewhere(hash_seed: str, folder: Path) -> str:
    """Return the digest of a run in a process with another order of hashes."""
    folder.mkdir()
    command = [sys.executable, "-c", HERE, "7", "60", str(folder)]
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
