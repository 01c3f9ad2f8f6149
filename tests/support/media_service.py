"""The media service with its real engine in this process, on ports of the loopback interface."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar, cast

from support.rtp import LOOPBACK, free_port_range
from support.waiting import until
from trunkline.media.v1.media_pb2_grpc import add_MediaServiceServicer_to_server
from trunkline_engine import Engine
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.node import Node
from trunkline_kernel.parameters import Parameter, Parameters
from trunkline_kernel.rpc import Dispatcher, InProcessChannel
from trunkline_media.addresses import LocalAddresses
from trunkline_media.audio import AudioLibrary
from trunkline_media.control import MediaControl
from trunkline_media.domain.sessions import MISSING_AUDIO, Sessions
from trunkline_media.parameters import PARAMETERS, RTP_INTERRUPT_TIMEOUT
from trunkline_media.rpc.servicer import MediaServicer
from trunkline_signaling.calls.events import Event
from trunkline_signaling.rpc.clients.media import MediaClient
from trunkline_signaling.shell.media_pool import MediaPool

T = TypeVar("T")

NODE: Final = Node("media-0", "0.1.0", 1000.0)
NOWHERE: Final = Path("/dev/null/nowhere")


class ShortSilence(Parameters):
    """The service's parameters, with a limit of silence that no operator may set: one second."""

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value = super().__getitem__(parameter)
        return cast(T, 1) if parameter is RTP_INTERRUPT_TIMEOUT else value


@asynccontextmanager
async def media_channel(
    pairs: int = 8,
    recordings: Path = NOWHERE,
    audio: Path = NOWHERE,
    parameters: Parameters | None = None,
    missing_audio: timedelta = MISSING_AUDIO,
) -> AsyncIterator[InProcessChannel]:
    """Run the service; give a channel to it."""
    first, last = free_port_range(pairs)
    engine = Engine([LOOPBACK], first, last, quarantine=timedelta(0), parked_sessions=pairs)
    addresses = LocalAddresses([LOOPBACK])
    control = MediaControl(engine, Sessions(engine, addresses, missing_audio=missing_audio))
    dispatcher = Dispatcher(Metrics("media"))
    values, library = parameters or Parameters(PARAMETERS), AudioLibrary(audio)
    servicer = MediaServicer(NODE, control, engine, values, library, recordings)
    dispatcher.add(add_MediaServiceServicer_to_server, servicer)
    running = asyncio.create_task(control.run())
    try:
        yield InProcessChannel(dispatcher)
    finally:
        running.cancel()


@asynccontextmanager
async def media_pool(
    tell: Callable[[str, Event], bool],
    recordings: Path = NOWHERE,
    audio: Path = NOWHERE,
    parameters: Parameters | None = None,
    missing_audio: timedelta = MISSING_AUDIO,
) -> AsyncIterator[MediaPool]:
    """Run the service behind signaling's pool, which hands events to `tell`."""
    async with media_channel(8, recordings, audio, parameters, missing_audio) as channel:
        pool = MediaPool("signaling-1", "epoch", tell)
        serving = asyncio.create_task(pool.serve("media-0", MediaClient(channel)))
        try:
            await until(lambda: pool.ready)
            yield pool
        finally:
            serving.cancel()
