"""A throw-away PostgreSQL cluster on a free loopback port, from the installed server programs.

As a program it runs a command beside one whose commits reach the disk, for measurements; the
cluster's URL stands in for the argument URL:

    PYTHONPATH=tests python -m support.postgres python benches/billing.py calls --url URL
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .ports import free_port

UNPRIVILEGED: Final = ("postgres", "nobody")
"""Who runs the server when the tests run as root, which PostgreSQL refuses."""


class PostgresServer:
    """A running cluster."""

    def __init__(self, url: str, restart: Callable[[], None]) -> None:
        self.url = url
        self.restart = restart
        """Stops it as a crash does, cutting every connection, and starts it again."""


@contextmanager
def postgres_cluster() -> Iterator[str]:
    """Start a cluster and yield its URL for SQLAlchemy; remove everything afterwards."""
    with postgres_server() as server:
        yield server.url


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[PostgresServer]:
    """Start a cluster that can be restarted; remove everything afterwards.

    `fsync` is whether commits are on the disk, as measurements of them need.
    """
    programs = _programs()
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="trunkline-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    _run(user, [programs / "initdb", "-D", data, "-U", "trunkline", "-A", "trust", "--no-sync"])
    port = free_port()
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync={'on' if fsync else 'off'}"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    start = [*control, "-o", options, "start"]

    def restart() -> None:
        _run(user, [*control, "-m", "immediate", "stop"])
        _run(user, start)

    _run(user, start)
    try:
        url = f"postgresql+asyncpg://trunkline@127.0.0.1:{port}/postgres"
        yield PostgresServer(url, restart)
    finally:
        _run(user, [*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(on_path or "").parent


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def _run(user: str | None, command: Sequence[object]) -> None:
    done = subprocess.run(
        [str(part) for part in command], user=user, cwd="/", capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


def main() -> int:
    """Run the command of the command line; return its exit status."""
    with postgres_server(fsync=True) as server:
        command = [server.url if part == "URL" else part for part in sys.argv[1:]]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
