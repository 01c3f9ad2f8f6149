"""Trace events as a capture file."""

import io
import struct
import subprocess
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.signaling.v1.signaling_pb2 import TraceEvent
from trunkline_cli.pcap import packet_of, write_pcap

MESSAGE = b"OPTIONS sip:a@b SIP/2.0\r\n\r\n"


def event(source: str, destination: str, message: bytes = MESSAGE) -> TraceEvent:
    return TraceEvent(
        time=Timestamp(seconds=5, nanos=6000),
        source=source,
        destination=destination,
        message=message,
    )


def test_a_message_becomes_one_udp_datagram() -> None:
    packet = packet_of(event("192.0.2.1:5060", "192.0.2.9:5070"))

    assert packet is not None
    assert packet[:1] == b"\x45"
    assert packet[12:20] == bytes([192, 0, 2, 1, 192, 0, 2, 9])
    assert struct.unpack("!HHH", packet[20:26]) == (5060, 5070, 8 + len(MESSAGE))
    assert packet[28:] == MESSAGE


def test_ipv6_has_its_own_header() -> None:
    packet = packet_of(event("[2001:db8::1]:5060", "[2001:db8::2]:5060"))

    assert packet is not None
    assert packet[0] >> 4 == 6
    assert packet[48:] == MESSAGE


def test_events_without_message_or_addresses_are_left_out() -> None:
    events = [event("auth", "signaling"), event("192.0.2.1:1", "192.0.2.2:2", b"")]

    assert [packet_of(one) for one in events] == [None, None]


def test_the_file_has_a_header_and_a_record_for_each_message() -> None:
    out = io.BytesIO()

    write_pcap([event("192.0.2.1:1", "192.0.2.2:2"), event("auth", "")], out)

    size = 28 + len(MESSAGE)
    assert out.getvalue()[:4] == b"\xa1\xb2\xc3\xd4"
    assert struct.unpack("!IIII", out.getvalue()[24:40]) == (5, 6, size, size)
    assert len(out.getvalue()) == 24 + 16 + size


@pytest.mark.interop
def test_mgt03_wireshark_reads_the_file(tmp_path: Path) -> None:
    sip = (
        b"INVITE sip:4420@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCall-ID: call-1\r\n"
        b"From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    file = tmp_path / "trace.pcap"
    with file.open("wb") as out:
        write_pcap(
            [
                event("192.0.2.1:5060", "192.0.2.9:5060", sip),
                event("[2001:db8::1]:5060", "[2001:db8::9]:5060", sip),
            ],
            out,
        )
    fields = ("frame.time_epoch", "ip.src", "ipv6.dst", "sip.Method", "sip.Call-ID")
    options = [option for field in fields for option in ("-e", field)]
    read = subprocess.run(
        ["tshark", "-n", "-r", file, "-T", "fields", "-E", "separator=,", *options],
        check=True,
        capture_output=True,
        text=True,
    )

    assert read.stdout.splitlines() == [
        "5.000006000,192.0.2.1,,INVITE,call-1",
        "5.000006000,,2001:db8::9,INVITE,call-1",
    ]
