"""Trace events as a capture file."""

import io
import struct

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
