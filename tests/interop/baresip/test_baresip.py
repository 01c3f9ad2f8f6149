"""baresip, a softphone of others, registers at the running switch and calls through it."""

import socket
import ssl
import struct
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.certificates import Authority
from support.endpoint import Endpoint
from support.g711 import CLOCK_RATE, decode_alaw, tone
from support.local_switch import LocalSwitch
from support.ports import free_port
from support.programs import program
from support.records import wait_for_cdrs
from support.sip_sockets import Receive, SipSockets
from support.waiting import until
from trunkline.auth.v1.auth_pb2 import ListRegistrationsRequest
from trunkline.common.v1.common_pb2 import CallEndReason
from trunkline_signaling.sip.flow import Transport
from trunkline_signaling.sip.sdp import SessionDescription

Address = tuple[str, int]

TEMPLATES = Path(__file__).parent
VOX = ("127.0.0.22", 5070)
TLS = ("127.0.0.24", 5061)
NUMBER = "12125550120"
BARESIP_TONE, VENDOR_TONE = 500, 900
EVENTS = 101
"""Payload type of the vendor's telephone events."""
CALL_SECONDS = 5
PATIENCE = 20

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


def configure(
    directory: Path,
    server: Address,
    transport: str,
    authority: Authority,
    dtmf: str = "rtpevent",
) -> None:
    """Write baresip's configuration for phone 1001 into a directory, and what it says."""
    values = {
        "modules": next(Path("/usr/lib").glob("**/baresip/modules")),
        "server": "{}:{}".format(*server),
        "transport": transport,
        "ca": authority.ca,
        "dtmf": dtmf,
        "directory": directory,
        "console": console_of(directory),
    }
    for name in ("config", "accounts"):
        text = (TEMPLATES / f"{name}.template").read_text()
        (directory / name).write_text(text.format(**values))
    (directory / "contacts").touch()
    write_tone(directory / "tone.wav")


def console_of(directory: Path) -> int:
    """Return the UDP port at which the baresip of a directory takes commands."""
    port = directory / "console"
    if not port.exists():
        port.write_text(str(free_port()))
    return int(port.read_text())


def type_into(directory: Path, command: str) -> None:
    """Give a running baresip a command."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.sendto(f"{command}\n".encode(), ("127.0.0.1", console_of(directory)))


def write_tone(path: Path) -> None:
    """Write some seconds of a tone as 16-bit samples."""
    octets = b"".join(tone(BARESIP_TONE)) * CALL_SECONDS
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(CLOCK_RATE)
        file.writeframes(struct.pack(f"<{len(octets)}h", *map(decode_alaw, octets)))


async def test_a_softphone_registers_calls_and_is_heard(
    switch: LocalSwitch, authority: Authority, tmp_path: Path
) -> None:
    configure(tmp_path, switch.sip, "udp", authority)
    target = f"sip:{NUMBER}@{switch.sip[0]}:{switch.sip[1]}"
    command = ("baresip", "-4", "-f", str(tmp_path), "-e", f"/dial {target}")
    async with (
        Endpoint("vox", host=VOX[0], port=VOX[1], frequency=VENDOR_TONE) as vox,
        program(*command, "-t", str(CALL_SECONDS), directory=tmp_path) as phone,
    ):
        call = await vox.taken_call(timeout=PATIENCE)
        heard = await call.rtp.hear(60)
        registered = await switch.ask(
            switch.services.auth.ListRegistrations, ListRegistrationsRequest()
        )
        await call.ended(PATIENCE)
        await phone.succeed(PATIENCE)

    assert heard.hears(BARESIP_TONE)
    assert [binding.endpoint.name for binding in registered.bindings] == ["1001"]
    assert "baresip" in registered.bindings[0].user_agent
    (record,) = await wait_for_cdrs(switch, 1, NUMBER)
    assert record.cdr.call_end_reason == CallEndReason.CALL_END_REASON_CALLER_HANGUP
    assert record.charge.amount


async def test_sig21_a_softphone_transfers_its_call(
    switch: LocalSwitch, authority: Authority, tmp_path: Path
) -> None:
    """SIG-21: a blind transfer; who stays hears the new side, and the phone is let go."""
    configure(tmp_path, switch.sip, "udp", authority)
    server = "{}:{}".format(*switch.sip)
    first, second = "12125550121", "12125550122"
    command = ("baresip", "-4", "-f", str(tmp_path), "-e", f"/dial sip:{first}@{server}")
    async with (
        Endpoint("vox", host=VOX[0], port=VOX[1], frequency=VENDOR_TONE) as vox,
        program(*command, "-t", "30", directory=tmp_path),
    ):
        stays = await vox.taken_call(timeout=PATIENCE)
        await stays.rtp.hear(10)
        type_into(tmp_path, f"/transfer sip:{second}@{server}")
        joins = await vox.taken_call(2, timeout=PATIENCE)
        await joins.connected(PATIENCE)
        heard = await joins.rtp.hear(60)
        assert not stays.has_ended
        await joins.hang_up()
        await stays.ended(PATIENCE)

    assert heard.hears(VENDOR_TONE)
    assert (stays.number[-4:], joins.number[-4:]) == ("0121", "0122")
    (kept,) = await wait_for_cdrs(switch, 1, first)
    (new,) = await wait_for_cdrs(switch, 1, second)
    assert kept.cdr.caller_endpoint.name == new.cdr.caller_endpoint.name == "1001"
    assert new.charge.amount


async def test_a_softphone_calls_a_vendor_by_tls_on_both_legs(
    switch: LocalSwitch, authority: Authority, tmp_path: Path
) -> None:
    """RFC 3261 section 26: it checks our certificate, we check the vendor's (RFC 5922)."""
    configure(tmp_path, switch.sip_tls, "tls", authority)
    number = "19015550120"
    target = f"sip:{number}@{switch.sip_tls[0]}:{switch.sip_tls[1]};transport=tls"
    command = ("baresip", "-4", "-f", str(tmp_path), "-e", f"/dial {target}")
    async with (
        Endpoint("tls", host=TLS[0], port=TLS[1], sockets=by_tls(authority)) as vendor,
        program(*command, "-t", str(CALL_SECONDS), directory=tmp_path) as phone,
    ):
        call = await vendor.taken_call(timeout=PATIENCE)
        heard = await call.rtp.hear(60)
        await call.ended(PATIENCE)
        await phone.succeed(PATIENCE)

    assert heard.hears(BARESIP_TONE)
    assert call.transaction.flow.transport is Transport.TLS
    (record,) = await wait_for_cdrs(switch, 1, number)
    assert record.cdr.call_end_reason == CallEndReason.CALL_END_REASON_CALLER_HANGUP


async def test_a_softphone_holds_and_resumes(
    switch: LocalSwitch, authority: Authority, tmp_path: Path
) -> None:
    configure(tmp_path, switch.sip, "udp", authority)
    async with (
        Endpoint("vox", host=VOX[0], port=VOX[1], frequency=VENDOR_TONE) as vox,
        program(*calling("12125550131", switch), directory=tmp_path) as phone,
    ):
        call = await vox.taken_call(timeout=PATIENCE)
        await call.rtp.hear(20)
        type_into(tmp_path, "/hold")
        await until(lambda: directions(vox) == ["sendrecv", "sendonly"])
        type_into(tmp_path, "/resume")
        await until(lambda: directions(vox)[2:] == ["sendrecv"])
        heard = await call.rtp.hear(20)
        await call.hang_up()
        await phone.succeed(PATIENCE)

    assert heard.hears(BARESIP_TONE)


@pytest.mark.parametrize("mode", ["rtpevent", "info"])
async def test_med06_keys_of_a_softphone_come_to_the_vendor_as_events(
    switch: LocalSwitch, authority: Authority, tmp_path: Path, mode: str
) -> None:
    """RFC 4733 passes, and INFO becomes RFC 4733 where that was negotiated."""
    configure(tmp_path, switch.sip, "udp", authority, mode)
    number = {"rtpevent": "12125550132", "info": "12125550133"}[mode]
    async with (
        Endpoint("vox", host=VOX[0], port=VOX[1], frequency=VENDOR_TONE) as vox,
        program(*calling(number, switch), directory=tmp_path) as phone,
    ):
        call = await vox.taken_call(timeout=PATIENCE)
        await call.rtp.hear(20)
        before = EVENTS in call.rtp.heard.payload_types
        type_into(tmp_path, "/sndcode 5")
        await until(lambda: EVENTS in call.rtp.heard.payload_types)
        await call.hang_up()
        await phone.succeed(PATIENCE)

    assert not before
    assert [r.method for r in vox.requests if r.method == "INFO"] == []


def calling(number: str, switch: LocalSwitch) -> tuple[str, ...]:
    """Return the command of a baresip in this directory that calls a number."""
    target = f"sip:{number}@{switch.sip[0]}:{switch.sip[1]}"
    return "baresip", "-4", "-f", ".", "-e", f"/dial {target}", "-t", str(PATIENCE)


def directions(endpoint: Endpoint) -> list[str]:
    """Return the directions of the offers that came, in order."""
    offers = [SessionDescription.parse(r.body) for r in endpoint.requests if r.method == "INVITE"]
    return [str(offer.direction_of(offer.audio)) for offer in offers if offer.audio]


def by_tls(authority: Authority) -> Callable[[Receive], SipSockets]:
    """Return what makes the sockets of the vendor with a certificate."""
    issued = authority.issue("vendor", addresses=[TLS[0]])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    return partial(SipSockets, tls=context)
