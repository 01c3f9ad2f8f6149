"""Mutual TLS: both sides show certificates, and replaced files are used without a restart."""

import asyncio
import os
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
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


class Authority:
    """A certificate authority that lives for one test."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._serial = 1
        self._ca = folder / "ca.pem"
        self._ca.write_bytes(_pem(self._sign(self._name, self._key, authority=True)))

    def issue(self, name: str) -> TlsFiles:
        """Write a new certificate and key over those of before."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert_file, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_file.write_bytes(_pem(self._sign(subject, key, authority=False)))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return TlsFiles(cert_file, key_file, self._ca, server_name="trunkline.test")

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        self._serial += 1
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(self._serial)
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("trunkline.test")]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


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
    server, target = await serve(authority.issue("server"))
    client = authority.issue("client")

    async with UnaryChannel(target, tls=client) as unary:
        assert await ask(unary) == "hello"
    async with MultiplexedChannel(target, tls=client) as multiplexed:
        assert await ask(multiplexed) == "hello"
    await server.stop(0)


async def test_a_stranger_is_refused(tmp_path: Path) -> None:
    server, target = await serve(Authority(tmp_path / "ours", "ours").issue("server"))
    stranger = Authority(tmp_path / "theirs", "theirs").issue("client")

    async with UnaryChannel(target, tls=stranger) as channel:
        with pytest.raises(TrunklineError) as failure:
            await ask(channel)

    assert failure.value.fault is Fault.UNAVAILABLE
    await server.stop(0)


async def test_a_stranger_is_refused_where_frames_are_taken(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ours", "ours")
    server, target = await serve(ours.issue("server"))
    port = await frames_port(target, ours.issue("client"))
    context = ssl.create_default_context(cafile=str(ours.issue("client").ca))

    with suppress(ssl.SSLError, ConnectionResetError):  # or the end of the stream
        async with asyncio.timeout(5):
            reader, _ = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, server_hostname="trunkline.test"
            )
            assert await reader.read() == b""

    await server.stop(0)


async def test_a_caller_without_tls_is_refused(tmp_path: Path) -> None:
    server, target = await serve(Authority(tmp_path / "ours", "ours").issue("server"))

    async with UnaryChannel(target) as channel:
        with pytest.raises(TrunklineError):
            await ask(channel)

    await server.stop(0)


@pytest.mark.parametrize("door", ["grpc", "frames"])
async def test_replaced_certificates_are_used_without_a_restart(tmp_path: Path, door: str) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    files = authority.issue("server")
    server, target = await serve(files)
    if door == "frames":
        target = f"127.0.0.1:{await frames_port(target, authority.issue('client'))}"
    before = await shown(target, authority.issue("client"))

    authority.issue("server")
    stamp = files.cert.stat().st_mtime + 10
    os.utime(files.cert, (stamp, stamp))

    assert await shown(target, authority.issue("client")) != before
    await server.stop(0)


async def test_a_unary_channel_takes_up_its_new_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    server, target = await serve(authority.issue("server"))
    async with UnaryChannel(target, tls=authority.issue("client")) as channel:
        assert await ask(channel) == "hello"

        authority.issue("client")

        assert await ask(channel) == "hello"
    await server.stop(0)


async def test_a_multiplexed_channel_is_connected_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    server, target = await serve(authority.issue("server"))
    async with MultiplexedChannel(target, tls=authority.issue("client")) as channel:
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
