"""Memory of the media engine: a soak through one session, and what a session takes.

    benches/media_memory.py [--packets 1000000] [--sessions 2000]

The engine runs in this process, with one relay thread. A million packets of G.711 go through one
relayed session, as fast as they come out again, and resident memory is read every tenth of them: it
has to stay flat. Then so many sessions are opened at once, of each kind, and the growth is divided
by them; the kernel's sockets, four a session, are not in it.
"""

import argparse
import os
import resource
import socket
import struct
from datetime import timedelta
from itertools import count
from multiprocessing import get_context
from typing import Final

from processes import resident_bytes
from trunkline_engine import Engine, LegSettings, Protection, Side, VoiceFormat

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = (10000, 39999)
BURST: Final = 32
"""Packets under way at once: no buffer overflows."""
PATIENCE: Final = 5.0
VOICE: Final = b"\xd5" * 160
MOST_CONVERTED: Final = 500
"""Sessions with codecs."""
KEY: Final = bytes(range(30))

PCMA: Final = VoiceFormat("PCMA", 8)
KINDS: Final = (
    ("relayed", False, False),
    ("relayed, SRTP on one leg", False, True),
    ("converted to G.729", True, False),
)
"""Name, whether it converts, whether a leg is enciphered."""


def main() -> None:
    """Soak, then count."""
    arguments = _arguments()
    soak(arguments.packets)
    print("| session | KiB resident |")
    print("| --- | --- |")
    for name, converted, srtp in KINDS:
        sessions = min(arguments.sessions, MOST_CONVERTED) if converted else arguments.sessions
        with get_context("spawn").Pool(1) as fresh:  # nothing that is freed is used again
            each = fresh.apply(taken, (sessions, converted, srtp))
        print(f"| {name} | {each / 1024:.1f} |")


def soak(packets: int) -> None:
    """Send packets through one session, and print resident memory on the way."""
    engine = Engine([LOOPBACK], *PORTS)
    with _socket() as caller, _socket() as callee:
        _, relay, _ = engine.open(_leg(caller), _leg(callee))
        numbers = count()
        for tenth in range(11):
            print(f"{tenth * packets // 10:>9} packets: {_resident() >> 10} KiB resident")
            for _ in range(packets // 10 // BURST if tenth < 10 else 0):
                for _ in range(BURST):
                    caller.sendto(_packet(next(numbers)), (LOOPBACK, relay))
                for _ in range(BURST):
                    callee.recv(2048)


def taken(sessions: int, converted: bool, srtp: bool) -> float:
    """Return the bytes that each of so many sessions takes."""
    _allow_sockets()
    engine = Engine([LOOPBACK], *PORTS)
    there = VoiceFormat("G729", 18) if converted else PCMA
    protection = Protection.srtp("AES_CM_128_HMAC_SHA1_80", KEY, KEY)
    with _socket() as peer:
        before = _resident()
        for _ in range(sessions):
            number, _, _ = engine.open(_leg(peer), _leg(peer, there))
            if srtp:
                engine.protect(number, Side.B, protection)
        _settle(engine, number)
        return (_resident() - before) / sessions


def _allow_sockets() -> None:
    """Raise the limit of descriptors: a session takes four."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _settle(engine: Engine, number: int) -> None:
    """Return when the relay thread has done all it was told."""
    engine.query(number)
    while not engine.poll():
        continue


def _leg(peer: socket.socket, voice: VoiceFormat = PCMA) -> LegSettings:
    remote = peer.getsockname()
    limit = timedelta(seconds=60)
    return LegSettings(remote=remote, voice=voice, audio_received=limit, audio_sent=limit)


def _socket() -> socket.socket:
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind((LOOPBACK, 0))
    peer.settimeout(PATIENCE)
    return peer


def _packet(number: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, 160 * number & 0xFFFFFFFF, 7) + VOICE


def _resident() -> int:
    return resident_bytes(os.getpid())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--sessions", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
