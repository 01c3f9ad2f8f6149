"""The media service with its real engine in this process, on ports of the loopback interface."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from support.rtp import LOOPBACK, free_port_range
from support.waiting import until
from trunkline.media.v1.media_pb2_grpc import add_MediaServiceServicer_to_server
from trunkline_engine import Engine
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.rpc import Dispatcher, InProcessChannel
from trunkline_media.addresses import LocalAddresses
from trunkline_media.audio import AudioLibrary
from trunkline_media.control import MediaControl
from trunkline_media.domain.sessions import Sessions
from trunkline_media.parameters import PARAMETERS
from trunkline_media.rpc.servicer import MediaServicer
from trunkline_signaling.calls.events import Event
from trunkline_signaling.rpc.clients.media import MediaClient
from trunkline_signaling.shell.media_pool import MediaPool

NOWHERE: Final = Path("/dev/null/nowhere")


@asynccontextmanager
async def media_channel(
    pairs: int = 8, recordings: Path = NOWHERE, audio: Path = NOWHERE
) -> AsyncIterator[InProcessChannel]:
    """Run the service; give a channel to it."""
    first, last = free_port_range(pairs)
    engine = Engine([LOOPBACK], first, last, quarantine=timedelta(0))
    control = MediaControl(engine, Sessions(engine, LocalAddresses([LOOPBACK])))
    dispatcher = Dispatcher(Metrics("media"))
    parameters, library = Parameters(PARAMETERS), AudioLibrary(audio)
    servicer = MediaServicer("media-0", control, engine, parameters, library, recordings)
    dispatcher.add(add_MediaServiceServicer_to_server, servicer)
    running = asyncio.create_task(control.run())
    try:
        yield InProcessChannel(dispatcher)
    finally:
        running.cancel()


@asynccontextmanager
async def media_pool(
    tell: Callable[[str, Event], bool], recordings: Path = NOWHERE, audio: Path = NOWHERE
) -> AsyncIterator[MediaPool]:
    """Run the service behind signaling's pool, which hands events to `tell`."""
    async with media_channel(recordings=recordings, audio=audio) as channel:
        pool = MediaPool("signaling-1", "epoch", tell)
        serving = asyncio.create_task(pool.serve("media-0", MediaClient(channel)))
        try:
            await until(lambda: pool.ready)
            yield pool
        finally:
            serving.cancel()
