"""rtpengine as a peer of measurements: its process, and enough of its protocol to set calls up.

The protocol is "ng": bencode over UDP.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.ports import free_port

LOOPBACK: Final = "127.0.0.1"


def free_address() -> tuple[str, int]:
    """Return an address to be asked at."""
    return LOOPBACK, free_port()


def command(control: tuple[str, int], first_port: int, last_port: int) -> Sequence[str]:
    """Return the command line: in the foreground, one thread, no kernel module."""
    return (
        *("rtpengine", "-f", "-E", "-L", "1", "--table=-1", f"--interface={LOOPBACK}"),
        *(f"--listen-ng={control[0]}:{control[1]}", "--num-threads=1", "--delete-delay=0"),
        *(f"--port-min={first_port}", f"--port-max={last_port}", "--timeout=600"),
    )


class NgClient:
    """Sets calls up between two ports of the loopback interface, and ends them."""

    def __init__(self, address: tuple[str, int], caller: int, callee: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(address)
        self._caller, self._callee = caller, callee
        self._cookie = 0

    def __enter__(self) -> "NgClient":
        self._socket.settimeout(0.2)
        for _ in range(50):
            try:
                self._ask({"command": "ping"})
            except OSError:
                time.sleep(0.1)
                continue
            self._socket.settimeout(5)
            return self
        raise SystemExit("rtpengine does not answer")

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def open(self, index: int) -> tuple[int, int]:
        """Set one call up and return where caller and callee send."""
        common: dict[str, Any] = _name(index) | {"ICE": "remove"}
        common |= {"flags": ["trust-address"], "replace": ["origin"]}
        offer = self._ask(common | {"command": "offer", "sdp": _sdp(self._caller)})
        answer = {"command": "answer", "sdp": _sdp(self._callee), "to-tag": f"t{index}"}
        return _sdp_port(self._ask(common | answer)), _sdp_port(offer)

    def close(self, index: int) -> None:
        """End one call."""
        self._ask(_name(index) | {"command": "delete"})

    def _ask(self, request: dict[str, Any]) -> bytes:
        self._cookie += 1
        cookie = f"{os.getpid()}_{self._cookie} ".encode()
        self._socket.send(cookie + _bencode(request))
        while not (reply := self._socket.recv(65535)).startswith(cookie):
            continue
        return reply


def _name(index: int) -> dict[str, Any]:
    return {"call-id": f"call-{index}", "from-tag": f"f{index}"}


def _bencode(value: Any) -> bytes:
    if isinstance(value, str):
        return f"{len(value)}:{value}".encode()
    if isinstance(value, list):
        return b"l" + b"".join(map(_bencode, value)) + b"e"
    return b"d" + b"".join(_bencode(k) + _bencode(v) for k, v in sorted(value.items())) + b"e"


def _sdp(port: int) -> str:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
    )


def _sdp_port(reply: bytes) -> int:
    return int(reply.split(b"m=audio ")[1].split(b" ")[0])
