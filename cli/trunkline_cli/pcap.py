"""Trace events as a capture file that Wireshark and sngrep read.

libpcap 2.4 with raw IP packets (LINKTYPE_RAW). Every SIP message is put into one UDP datagram
between the addresses of the trace, also when it came by TCP or TLS. Events without a message, or
without two addresses, are left out. Checksums are zero, which means "not computed" for UDP.
"""

import ipaddress
import struct
from collections.abc import Iterable
from typing import BinaryIO, Final

from trunkline.signaling.v1.signaling_pb2 import TraceEvent

MAGIC: Final = 0xA1B2C3D4
SNAP_LENGTH: Final = 65535
LINKTYPE_RAW: Final = 101
UDP: Final = 17
HOP_LIMIT: Final = 64
MAX_PAYLOAD: Final = 65_000

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def write_pcap(events: Iterable[TraceEvent], out: BinaryIO) -> None:
    """Write a capture file."""
    begin_pcap(out)
    for event in events:
        add_to_pcap(event, out)


def begin_pcap(out: BinaryIO) -> None:
    """Write a capture file's head."""
    out.write(struct.pack("!IHHiIII", MAGIC, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_RAW))
    out.flush()


def add_to_pcap(event: TraceEvent, out: BinaryIO) -> None:
    """Add an event's message, if it has one, and flush it at once."""
    packet = packet_of(event)
    if packet is None:
        return
    size = len(packet)
    head = struct.pack("!IIII", event.time.seconds, event.time.nanos // 1000, size, size)
    out.write(head + packet)
    out.flush()


def packet_of(event: TraceEvent) -> bytes | None:
    """Return the event's message as an IP packet, or None when it has none."""
    source, destination = parse_socket(event.source), parse_socket(event.destination)
    if not event.message or source is None or destination is None:
        return None
    if source[0].version != destination[0].version:
        return None
    payload = event.message[:MAX_PAYLOAD]
    udp = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    return _ip_header(source[0], destination[0], len(udp)) + udp


def parse_socket(text: str) -> tuple[IpAddress, int] | None:
    """Return address and port of "192.0.2.1:5060" or "[2001:db8::1]:5060"; None for other text."""
    host, _, port = text.rpartition(":")
    try:
        return ipaddress.ip_address(host.strip("[]")), int(port) & 0xFFFF
    except ValueError:
        return None


def _ip_header(source: IpAddress, destination: IpAddress, length: int) -> bytes:
    if source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, length, UDP, HOP_LIMIT)
    else:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, HOP_LIMIT, UDP, 0)
    return head + source.packed + destination.packed
