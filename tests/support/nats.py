"""A throw-away NATS server with JetStream on a free loopback port, which can go and come back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from .ports import free_port
from .programs import program
from .waiting import until_true


class NatsServer:
    """One server. What it stored is kept while it is away."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
        if found is None:
            raise RuntimeError("NATS is not installed: apt-get install nats-server")
        self._program = found
        self._folder = folder
        self._running = AsyncExitStack()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start the server and return when it answers."""
        options = ("-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self._folder))
        await self._running.enter_async_context(
            program(self._program, *options, directory=self._folder)
        )
        await until_true(self._answers)

    async def stop(self) -> None:
        """Stop the server, if it runs."""
        await self._running.aclose()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        answer = await reader.read(4)
        writer.close()
        return answer == b"INFO"


@asynccontextmanager
async def nats_server(folder: Path) -> AsyncIterator[NatsServer]:
    """Run a server until the block ends."""
    server = NatsServer(folder)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
