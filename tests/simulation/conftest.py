"""Options: which seeds, and how many calls. Files that live for seconds go to memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SEEDS = (1, 2, 3, 4)
CALLS = 500
MEMORY = Path("/dev/shm")  # noqa: S108  where there is none, the disk does


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulation")
    group.addoption("--seed", type=int, action="append", help="run this seed instead of the usual")
    group.addoption("--calls", type=int, help="calls in each run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        given = metafunc.config.getoption("seed", default=None) or _from_environment()
        metafunc.parametrize("seed", given or SEEDS, ids=lambda seed: f"seed-{seed}")


@pytest.fixture
def calls(request: pytest.FixtureRequest) -> int:
    """Calls in one run."""
    given = request.config.getoption("calls", default=None)
    return given or int(os.environ.get("TRUNKLINE_SIMULATION_CALLS", CALLS))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for the services' files."""
    path = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield path
    shutil.rmtree(path)


def _from_environment() -> list[int]:
    return [int(seed) for seed in os.environ.get("TRUNKLINE_SIMULATION_SEED", "").split()]
