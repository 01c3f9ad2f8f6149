"""Programs under test end as asked, and leave nothing behind."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from support.programs import program
from support.waiting import until

pytestmark = pytest.mark.processes

PARENT = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
{manner}
print(child.pid, flush=True)
time.sleep(60)
"""
POLITE = 'signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit()))'
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet collected does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize(
    ("manner", "last"), [(POLITE, "bye"), (STUBBORN, None)], ids=["polite", "stubborn"]
)
async def test_a_program_is_asked_to_end_and_its_children_end_with_it(
    tmp_path: Path, manner: str, last: str | None
) -> None:
    command = (sys.executable, "-c", PARENT.format(manner=manner))
    async with program(*command, directory=tmp_path) as running:
        await until(lambda: bool(running.lines))
        child = int(running.lines[0])
        assert os.getpgid(child) == running.pid

    assert not lives(running.pid)
    await until(lambda: not lives(child))
    assert running.lines[1:] == ([last] if last else [])
