"""Options: which seeds, and how many calls."""

from __future__ import annotations

import os

import pytest

SEEDS = (1, 2, 3, 4)
CALLS = 250


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


def _from_environment() -> list[int]:
    return [int(seed) for seed in os.environ.get("TRUNKLINE_SIMULATION_SEED", "").split()]
