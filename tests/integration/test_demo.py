"""`make demo` on a prepared machine: tells its story, adds up, and leaves nothing."""

import os
import sys
from pathlib import Path

import pytest
from support.programs import program

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"
LIMIT = 170
"""Seconds: a newcomer is promised less than three minutes."""

pytestmark = [pytest.mark.integration, pytest.mark.timeout(LIMIT + 20)]


async def test_the_demo_shows_a_call_from_its_ladder_to_its_charge(tmp_path: Path) -> None:
    async with program(sys.executable, str(DEMO), directory=tmp_path) as demo:
        await demo.succeed(LIMIT)

    story = "\n".join(demo.lines)
    assert "INVITE 442071838750 (SDP)" in story
    assert "attempt 1 failed (service unavailable)" in story
    assert "✓ acme: 100.00 - 0.0000 - 0.0120 = 99.9880 USD" in story
    assert not os.listdir(tmp_path)
