"""Connecting to where a replica takes frames: its gRPC port tells."""

import asyncio
import socket
from typing import Final

import grpc
from trunkline.common.v1.multiplex_pb2 import LocateFramesRequest
from trunkline.common.v1.multiplex_pb2_grpc import MultiplexServiceStub

from .framing import notice_dead_peers
from .resolver import Address
from .tls import TlsFiles
from .unary import open_channel, remote_error

CONNECT_LIMIT: Final = 3.0
"""Seconds that each step of connecting may take."""


async def dial(address: Address, protocol: asyncio.Protocol, tls: TlsFiles | None) -> None:
    """Connect `protocol` to a replica. Raises `OSError` or `TrunklineError`."""
    port = await _frames_port(address, tls)
    sock = socket.socket(socket.AF_INET6 if ":" in address.ip else socket.AF_INET)
    sock.setblocking(False)
    notice_dead_peers(sock)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            await loop.sock_connect(sock, (address.ip, port))
            await loop.create_connection(
                lambda: protocol,
                sock=sock,
                ssl=tls.client_context() if tls else None,
                server_hostname=(tls.server_name or address.host) if tls else None,
            )
    except BaseException:
        sock.close()
        raise


async def _frames_port(address: Address, tls: TlsFiles | None) -> int:
    channel = open_channel(address.dial, tls, host=address.host)
    try:
        stub = MultiplexServiceStub(channel)
        return (await stub.LocateFrames(LocateFramesRequest(), timeout=CONNECT_LIMIT)).port
    except grpc.aio.AioRpcError as error:
        raise remote_error(error) from None
    finally:
        await channel.close()
