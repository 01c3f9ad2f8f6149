"""SIP over TLS on real sockets: names, files that change, files that are wrong (RFC 3261 26)."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.certificates import Authority
from support.station import HEAD, LOOPBACK, MESSAGE, Station, connected_to, station
from trunkline_kernel.settings import SettingsError, read_settings
from trunkline_signaling.settings import SignalingSettings
from trunkline_signaling.sip.flow import ANY_LOCAL, Address, Flow, Transport
from trunkline_signaling.sip.framing import Frame
from trunkline_signaling.transport.certificates import (
    CertificateError,
    CertificateFiles,
    Certificates,
)
from trunkline_signaling.transport.options import TransportOptions

DOMAIN = "vendor.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certificates")


@pytest.fixture
def files(authority: Authority) -> CertificateFiles:
    issued = authority.issue("vendor", dns=[DOMAIN])
    return CertificateFiles(issued.cert, issued.key, authority.ca)


@asynccontextmanager
async def tls_pair(files: CertificateFiles) -> AsyncIterator[tuple[Station, Station, Address]]:
    """Give one who listens, one who calls and trusts the files' authority, and where."""
    certificates = Certificates(files)
    calling = Certificates(CertificateFiles(ca=files.ca))
    async with station() as vendor, station(calling=lambda: calling.calling) as switch:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=certificates.serving)
        yield vendor, switch, address


def towards(address: Address, domain: str = DOMAIN) -> Flow:
    return Flow(Transport.TLS, address, ANY_LOCAL, domain)


async def test_messages_go_over_tls_as_over_tcp(files: CertificateFiles) -> None:
    async with tls_pair(files) as (vendor, switch, address):
        switch.transports.send(MESSAGE, towards(address))
        received = await vendor.next()
        vendor.transports.send(MESSAGE, received.flow)
        answer = await switch.next()
        switch.transports.send(MESSAGE, answer.flow)
        switch.transports.send(MESSAGE, towards(address))
        await vendor.next()

        assert received.flow.transport is Transport.TLS
        assert answer.data == Frame(HEAD, b"hello")
        assert (await vendor.next()).flow == received.flow


async def test_rfc5922_nothing_is_sent_to_who_proves_another_domain(
    files: CertificateFiles,
) -> None:
    async with tls_pair(files) as (vendor, switch, address):
        flow = towards(address, "other.example")
        switch.transports.send(MESSAGE, flow)

        assert await switch.next_failure() == flow
        assert vendor.received.empty()


async def test_rfc5922_a_connection_proven_for_one_domain_serves_no_other(
    files: CertificateFiles,
) -> None:
    async with tls_pair(files) as (vendor, switch, address):
        switch.transports.send(MESSAGE, towards(address))
        await vendor.next()
        switch.transports.send(MESSAGE, towards(address, "other.example"))

        await switch.next_failure()
        assert vendor.received.empty()


async def test_a_peer_nobody_vouches_for_is_not_talked_to(files: CertificateFiles) -> None:
    async with tls_pair(replace(files, ca=None)) as (vendor, switch, address):
        switch.transports.send(MESSAGE, towards(address))

        assert await switch.next_failure() == towards(address)
        assert vendor.received.empty()


async def test_a_terminal_whose_connection_is_gone_is_not_dialled(files: CertificateFiles) -> None:
    async with tls_pair(files) as (vendor, switch, address):
        switch.transports.send(MESSAGE, towards(address, domain=""))

        assert await switch.next_failure() == towards(address, domain="")
        assert vendor.transports.counters.connections == 0


async def test_the_next_handshake_sees_a_replaced_certificate(
    authority: Authority, files: CertificateFiles
) -> None:
    certificates = Certificates(files)
    async with station() as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=certificates.serving)
        before = await names_of(address, authority)
        authority.issue("vendor", dns=["renewed.example"])
        touch_later(files)

        assert before == [("DNS", DOMAIN)]
        assert await names_of(address, authority) == [("DNS", "renewed.example")]


async def test_files_that_cannot_be_used_leave_the_certificate_as_it_is(
    authority: Authority, files: CertificateFiles
) -> None:
    certificates = Certificates(files)
    assert files.key is not None
    async with station() as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=certificates.serving)
        files.key.write_text("half a key")
        touch_later(files)

        assert await names_of(address, authority) == [("DNS", DOMAIN)]


async def test_a_peer_that_never_finishes_its_handshake_is_cut_off(
    files: CertificateFiles,
) -> None:
    async with station(TransportOptions(connect_limit=0.05)) as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=Certificates(files).serving)
        reader, writer = await asyncio.open_connection(*address)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_no_handshake_is_begun_with_a_source_that_comes_too_often(
    files: CertificateFiles,
) -> None:
    serving = Certificates(files).serving
    async with station(admits=lambda ip: False) as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=serving)
        with pytest.raises(OSError):  # reset or closed, as the kernel has it
            await asyncio.open_connection(*address, ssl=ssl.create_default_context())

        assert vendor.transports.counters.limited == 1
        assert vendor.transports.counters.handshakes_failed == 0


async def test_a_failed_handshake_is_counted(files: CertificateFiles) -> None:
    async with station() as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=Certificates(files).serving)
        async with connected_to(address) as peer:
            peer.writer.write(b"OPTIONS sip:a SIP/2.0\r\n\r\n")
            with suppress(ConnectionResetError):
                await peer.ends()

        assert vendor.transports.counters.handshakes_failed == 1


async def test_a_hello_that_is_there_before_its_connection_is_taken_is_answered(
    files: CertificateFiles,
) -> None:
    hello = ssl.MemoryBIO()
    shaking = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname=DOMAIN)
    with suppress(ssl.SSLWantReadError):
        shaking.do_handshake()
    async with station() as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=Certificates(files).serving)
        with socket.create_connection(address) as early:
            early.sendall(hello.read())
            early.setblocking(False)
            async with asyncio.timeout(5):
                answer = await asyncio.get_running_loop().sock_recv(early, 1)

    assert answer == b"\x16", "a TLS handshake record"


async def test_what_comes_with_the_end_of_the_handshake_is_not_lost(
    authority: Authority, files: CertificateFiles
) -> None:
    async with station() as vendor:
        address = await vendor.transports.listen_tcp(LOOPBACK, tls=Certificates(files).serving)
        trusting = ssl.create_default_context(cafile=authority.ca)
        _, writer = await asyncio.open_connection(*address, ssl=trusting, server_hostname=DOMAIN)
        writer.write(MESSAGE)

        assert (await vendor.next()).data == Frame(HEAD, b"hello")
        writer.close()


def test_the_expiry_is_known(authority: Authority, files: CertificateFiles) -> None:
    expiry = Certificates(files).expiry

    assert expiry is not None
    assert 3500 < expiry - datetime.now(UTC).timestamp() <= 3600


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("missing", "vendor.pem: No such file or directory"),
        ("folder", "vendor.pem: Is a directory"),
        ("text", "vendor.pem: expected certificates in PEM"),
        ("key", "vendor.key: expected an unencrypted private key in PEM"),
        ("other key", "vendor.key: is not the key of"),
        ("ca", "ca.pem: expected certificates in PEM"),
        ("expired", "vendor.pem: expired at 20"),
    ],
)
def test_a_wrong_file_is_named(
    authority: Authority, files: CertificateFiles, damage: str, complaint: str
) -> None:
    assert files.cert is not None and files.key is not None and files.ca is not None
    match damage:
        case "missing":
            files.cert.unlink()
        case "folder":
            files.cert.unlink()
            files.cert.mkdir()
        case "text":
            files.cert.write_text("nothing")
        case "key":
            files.key.write_text("nothing")
        case "other key":
            files.key.write_bytes(authority.issue("other").key.read_bytes())
        case "ca":
            files.ca.write_text("nothing")
        case "expired":
            authority.issue("vendor", lasting=timedelta(minutes=-1))

    with pytest.raises(CertificateError, match=complaint):
        Certificates(files)


def test_a_switch_with_an_expired_certificate_does_not_start(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = authority.issue("old", lasting=timedelta(minutes=-1))
    monkeypatch.setenv("TRUNKLINE_SIGNALING_SIP_TLS_CERT_FILE", str(issued.cert))
    monkeypatch.setenv("TRUNKLINE_SIGNALING_SIP_TLS_KEY_FILE", str(issued.key))

    with pytest.raises(SettingsError, match=r"SIP over TLS: .*old\.pem: expired at"):
        read_settings(SignalingSettings)


async def names_of(address: Address, authority: Authority) -> object:
    """Return the names in the certificate that is shown at an address."""
    context = ssl.create_default_context(cafile=authority.ca)
    context.check_hostname = False
    _, writer = await asyncio.open_connection(*address, ssl=context)
    names = list(writer.get_extra_info("peercert")["subjectAltName"])
    writer.close()
    return names


def touch_later(files: CertificateFiles) -> None:
    """Give the files a time of their own, however coarse the file system's clock is."""
    assert files.cert is not None and files.key is not None
    for path in (files.cert, files.key):
        os.utime(path, ns=(path.stat().st_mtime_ns + 10**9,) * 2)
