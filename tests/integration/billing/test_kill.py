"""Money that survives kill -9: ledger, balances and CDRs agree, and nothing is charged twice."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.postgres import postgres_cluster

pytestmark = pytest.mark.integration

SEEDS = int(os.environ.get("TRUNKLINE_KILL_SEEDS", "50"))
"""Runs on SQLite. A long hunt sets more."""
POSTGRES_SEEDS = int(os.environ.get("TRUNKLINE_KILL_SEEDS", "10"))
"""Runs on PostgreSQL, which take longer."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_cluster() as url:
        yield url


async def runs(url: str, count: int) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.billing_crash", url, "0", str(count)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.timeout(60 + 3 * SEEDS)
async def test_killed_on_sqlite_the_books_still_agree(tmp_path: Path) -> None:
    results = await runs(f"sqlite:///{tmp_path}/billing.db", SEEDS)

    assert [one for one in results if one["problems"]] == []
    assert sum(one["unanswered"] for one in results) > SEEDS


@pytest.mark.timeout(60 + 5 * POSTGRES_SEEDS)
async def test_killed_on_postgresql_the_books_still_agree(postgres: str) -> None:
    results = await runs(postgres, POSTGRES_SEEDS)

    assert [one for one in results if one["problems"]] == []
    assert sum(one["unanswered"] for one in results) > POSTGRES_SEEDS
