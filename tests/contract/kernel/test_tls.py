"""Mutual TLS: both sides show certificates, and replaced files are used without a restart."""

import asyncio
import os
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from support.certificates import Authority
from support.echo import ECHO, EchoServicer
from support.waiting import until
from trunkline.common.v1.multiplex_pb2 import LocateFramesRequest
from trunkline.common.v1.multiplex_pb2_grpc import MultiplexServiceStub
from trunkline.common.v1.parameters_pb2 import GetParameterRequest
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import Channel, MultiplexedChannel, RpcServer, TlsFiles, UnaryChannel
from trunkline_kernel.rpc.unary import open_channel


def issue(authority: Authority, name: str) -> TlsFiles:
    """Write a new certificate and key over those of before."""
    issued = authority.issue(name, dns=["trunkline.test"])
    return TlsFiles(issued.cert, issued.key, authority.ca, server_name="trunkline.test")


async def serve(tls: TlsFiles) -> tuple[RpcServer, str]:
    server = RpcServer(Metrics("echo"), tls=tls)
    servicer = EchoServicer()  # type: ignore[abstract] # the rest is left unimplemented
    server.add(add_ParametersServiceServicer_to_server, servicer)
    return server, f"127.0.0.1:{await server.start('127.0.0.1', 0)}"


async def ask(channel: Channel) -> str:
    response = await channel.call(ECHO, GetParameterRequest(name="hello"), timeout=5)
    return response.parameter.name


async def test_peers_of_one_authority_talk(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    server, target = await serve(issue(authority, "server"))
    client = issue(authority, "client")

    async with UnaryChannel(target, tls=client) as unary:
        assert await ask(unary) == "hello"
    async with MultiplexedChannel(target, tls=client) as multiplexed:
        assert await ask(multiplexed) == "hello"
    await server.stop(0)


async def test_a_stranger_is_refused(tmp_path: Path) -> None:
    server, target = await serve(issue(Authority(tmp_path / "ours", "ours"), "server"))
    stranger = issue(Authority(tmp_path / "theirs", "theirs"), "client")

    async with UnaryChannel(target, tls=stranger) as channel:
        with pytest.raises(TrunklineError) as failure:
            await ask(channel)

    assert failure.value.fault is Fault.UNAVAILABLE
    await server.stop(0)


async def test_a_stranger_is_refused_where_frames_are_taken(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ours", "ours")
    server, target = await serve(issue(ours, "server"))
    port = await frames_port(target, issue(ours, "client"))
    context = ssl.create_default_context(cafile=str(issue(ours, "client").ca))

    with suppress(ssl.SSLError, ConnectionResetError):  # or the end of the stream
        async with asyncio.timeout(5):
            reader, _ = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, server_hostname="trunkline.test"
            )
            assert await reader.read() == b""

    await server.stop(0)


async def test_a_caller_without_tls_is_refused(tmp_path: Path) -> None:
    server, target = await serve(issue(Authority(tmp_path / "ours", "ours"), "server"))

    async with UnaryChannel(target) as channel:
        with pytest.raises(TrunklineError):
            await ask(channel)

    await server.stop(0)


@pytest.mark.parametrize("door", ["grpc", "frames"])
async def test_replaced_certificates_are_used_without_a_restart(tmp_path: Path, door: str) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    files = issue(authority, "server")
    server, target = await serve(files)
    if door == "frames":
        target = f"127.0.0.1:{await frames_port(target, issue(authority, 'client'))}"
    before = await shown(target, issue(authority, "client"))

    issue(authority, "server")
    stamp = files.cert.stat().st_mtime + 10
    os.utime(files.cert, (stamp, stamp))

    assert await shown(target, issue(authority, "client")) != before
    await server.stop(0)


async def test_a_unary_channel_takes_up_its_new_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    server, target = await serve(issue(authority, "server"))
    async with UnaryChannel(target, tls=issue(authority, "client")) as channel:
        assert await ask(channel) == "hello"

        issue(authority, "client")

        assert await ask(channel) == "hello"
    await server.stop(0)


async def test_a_multiplexed_channel_is_connected_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    server, target = await serve(issue(authority, "server"))
    async with MultiplexedChannel(target, tls=issue(authority, "client")) as channel:
        await until(lambda: channel.connected == 1)
    await server.stop(0)


async def frames_port(target: str, files: TlsFiles) -> int:
    """Ask a server where it takes frames."""
    async with open_channel(target, files) as channel:
        response = await MultiplexServiceStub(channel).LocateFrames(LocateFramesRequest())
        return int(response.port)


async def shown(target: str, files: TlsFiles) -> bytes:
    """Return the certificate that the server shows in a handshake."""
    context = ssl.create_default_context(cafile=str(files.ca))
    context.load_cert_chain(files.cert, files.key)
    context.set_alpn_protocols(["h2"])
    host, port = target.split(":")
    _, writer = await asyncio.open_connection(
        host, int(port), ssl=context, server_hostname="trunkline.test"
    )
    certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return certificate
