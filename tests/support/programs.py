"""Other people's programs under test: started in process groups of their own, watched, ended."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

GRACE = 3.0
"""Seconds a program has to end by itself."""


class Program:
    """One running program with what it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read())

    @property
    def last_lines(self) -> str:
        """What it wrote last."""
        return "\n".join(self.lines[-40:])

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self, timeout: float) -> int:
        """Wait for its end and return the exit status."""
        async with asyncio.timeout(timeout):
            status = await self._process.wait()
            await self._reader
        return status

    async def succeed(self, timeout: float) -> None:
        """Wait for its end. Raises `AssertionError` unless that is status 0."""
        status = await self.wait(timeout)
        if status:
            raise AssertionError(f"{self._name} ended with status {status}")

    async def stop(self) -> None:
        """End it and what it started, if they have not ended: asked first, then made to."""
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        self._signal(signal.SIGKILL)
        await self._process.wait()
        await self._reader

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # nobody of the group is left
            os.killpg(self._process.pid, number)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.lines.append(line.decode("utf-8", "replace").rstrip())


@asynccontextmanager
async def program(
    *command: str, directory: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """Run a program in a directory for the length of a block, with more environment variables."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
        env={**os.environ, **(settings or {})},
        start_new_session=True,  # a process group of its own
    )
    running = Program(process, command[0])
    try:
        yield running
    except BaseException as error:
        error.add_note(f"{command[0]} wrote last:\n{running.last_lines}")
        raise
    finally:
        await running.stop()
