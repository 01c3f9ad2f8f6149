"""Time single calls in microseconds while another generator keeps the load up.

SIPp's own clock ticks in 4 ms; this sends one call after another and reports INVITE to 180.
"""

import json
import random
import re
import socket
import sys
import time

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class Caller:
    """One UDP socket that places one call at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._peer = (host, port)
        self._uri = f"sip:442071838750@{host}:{port}"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(2)
        self._port = self._socket.getsockname()[1]

    def call(self) -> float:
        """Place one call and hang up; return seconds from INVITE to the first 18x or 200."""
        call_id, tag = f"{random.getrandbits(64):x}@probe", f"{random.getrandbits(32):x}"
        to, started, rang = f"<{self._uri}>", time.perf_counter(), 0.0
        self._send("INVITE", self._uri, call_id, tag, to, 1, body=SDP)
        while True:
            status, text = self._receive(call_id)
            if status >= 180 and not rang:
                rang = time.perf_counter() - started
            if status >= 300:
                raise OSError(f"refused with {status}")
            if status >= 200:
                break
        contact = re.search(r"(?im)^contact\s*:[^<]*<([^>]+)>", text)
        assert contact, "a 200 without Contact"
        routes = re.findall(r"(?im)^record-route\s*:\s*(.*?)\r?$", text)
        route = "".join(f"Route: {value}\r\n" for value in reversed(routes))
        to = re.findall(r"(?im)^to\s*:\s*(.*?)\r?$", text)[0]
        self._send("ACK", contact[1], call_id, tag, to, 1, route)
        time.sleep(0.005)
        self._send("BYE", contact[1], call_id, tag, to, 2, route)
        while self._receive(call_id)[0] != 200:
            pass
        return rang

    def _send(
        self,
        method: str,
        uri: str,
        call_id: str,
        tag: str,
        to: str,
        cseq: int,
        route: str = "",
        body: str = "",
    ) -> None:
        content = "Content-Type: application/sdp\r\n" if body else ""
        self._socket.sendto(
            (
                f"{method} {uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};rport"
                f";branch=z9hG4bK{random.getrandbits(48):x}\r\n"
                f"Max-Forwards: 70\r\n{route}From: <sip:1001@127.0.0.1:{self._port}>;tag={tag}\r\n"
                f"To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:1001@127.0.0.1:{self._port}>\r\n"
                f"{content}Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            self._peer,
        )

    def _receive(self, call_id: str) -> tuple[int, str]:
        while True:
            text = self._socket.recv(8192).decode()
            if call_id in text and text.startswith("SIP/2.0"):
                return int(text.split(" ", 2)[1]), text


def main() -> None:
    host, port, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    caller, delays, failures = Caller(host, port), list[float](), 0
    for _ in range(calls):
        try:
            delays.append(caller.call())
        except OSError:
            failures += 1
        time.sleep(0.005)
    delays.sort()
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    figures = {name: quantile(delays, share) for name, share in shares.items() if delays}
    print(json.dumps({"calls": calls, "failures": failures, **figures}))


def quantile(ordered: list[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)


if __name__ == "__main__":
    main()
