"""What of signaling reads the network, against stored and random input (`fuzz/sip_targets.py`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sip_targets import TARGETS

FUZZ = Path(__file__).parents[2] / "fuzz"
SECONDS = 8


@pytest.mark.parametrize("target", TARGETS)
def test_the_stored_corpus_finds_no_bug(target: str) -> None:
    stored = list((FUZZ / "sip" / "corpus" / target).iterdir())

    assert stored
    for path in stored:
        TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_some_seconds_of_random_input_find_no_bug(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python")
    ended = subprocess.run(
        [sys.executable, FUZZ / "fuzz_sip.py", target, f"-max_total_time={SECONDS}", "-timeout=5"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "DONE" in ended.stderr
