"""Microseconds of CPU the SIP core takes: to parse and print, and for whole calls in one process.

    python benches/sip_core.py

Best of several short runs, garbage collection as in production. A call is INVITE, 100, 180, 200,
ACK, BYE, 200 over both ends, so "a call, one end" is what one leg of a B2BUA costs.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from random import Random

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.dialog_layer import DialogLayer
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Output,
    RequestReceived,
    ResponseReceived,
    Transmit,
)
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.sdp import SessionDescription
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.validation import check_request

RUNS = 7
MESSAGES = 2_000
CALLS = 500

SDP = (
    b"v=0\r\no=- 2890844526 2890844526 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    b"m=audio 49172 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n"
    b"a=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    b"a=ptime:20\r\na=sendrecv\r\n"
)
INVITE = (
    b"INVITE sip:442071838750@sbc.example.net:5060;user=phone SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bK74bf9inner;rport\r\n"
    b"Max-Forwards: 69\r\n"
    b'From: "Alice Smith" <sip:14155550123@atlanta.example.com:5062>;tag=9fxced76sl\r\n'
    b"To: <sip:442071838750@sbc.example.net>\r\n"
    b"Call-ID: 3848276298220188511@atlanta.example.com\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Contact: <sip:14155550123@192.0.2.10:5062;transport=udp>\r\n"
    b"User-Agent: bench/1\r\n"
    b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK\r\n"
    b"Supported: 100rel, timer\r\n"
    b"Session-Expires: 1800;refresher=uac\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 259\r\n\r\n"
) + SDP

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)


def best(work: Callable[[], object], times: int) -> float:
    """Return the microseconds of CPU of one `work`, in the best of several runs."""
    figures = []
    for _ in range(RUNS):
        start = time.process_time()
        for _ in range(times):
            work()
        figures.append((time.process_time() - start) / times * 1e6)
    return min(figures)


def strangers() -> Iterator[bytes]:
    """Yield INVITEs whose numbers, tags and branches were never seen before."""
    for number in count(1_000_000_000):
        text = INVITE.replace(b"4155550123", b"%d" % number).replace(b"2071838750", b"%d" % number)
        yield text.replace(b"9fxced76sl", b"%d" % number).replace(b"74bf9inner", b"%d" % number)


def read_fully(data: bytes) -> Request:
    """Parse an INVITE and all that a B2BUA looks at."""
    request = parse_datagram(data)
    assert isinstance(request, Request)
    check_request(request)
    assert request.headers.contact is not None
    return request


class End:
    """One end of the calls."""

    def __init__(self, seed: int, flow: Flow) -> None:
        self.transactions = TransactionLayer(Random(seed))
        self.dialogs = DialogLayer(self.transactions)
        self.flow = flow
        self.now = 0.0

    def call(self, number: int) -> None:
        """Send an INVITE."""
        headers = Headers(
            (
                ("Max-Forwards", 70),
                ("From", f"Alice <sip:1415555{number:04}@192.0.2.1>;tag={number:x}"),
                ("To", f"<sip:44207183{number:04}@192.0.2.2>"),
                ("Call-ID", f"{number}@192.0.2.1"),
                ("CSeq", "1 INVITE"),
                ("Contact", "<sip:192.0.2.1>"),
                ("Supported", "timer"),
                ("Content-Type", "application/sdp"),
            )
        )
        request = Request("INVITE", f"sip:44207183{number:04}@192.0.2.2", headers, SDP)
        self.transactions.send_request(request, self.flow, self.now)

    def handle(self, event: Output) -> None:
        """Take calls, acknowledge answers and hang up, answer whatever else comes."""
        match event:
            case RequestReceived(transaction, request):
                self.transactions.respond(transaction, request.reply(100), self.now)
                dialog = self.dialogs.accept(transaction, "<sip:192.0.2.2>")
                ringing = dialog.reply(request, 180)
                self.transactions.respond(transaction, ringing, self.now)
                answer = dialog.reply(request, 200, SDP, "application/sdp")
                self.dialogs.answer(dialog, transaction, answer, self.now)
            case ResponseReceived(transaction, response) if response.method == "INVITE":
                if response.to_tag is not None:
                    self._establish(event, self.dialogs.establish(event))
            case DialogRequestReceived(dialog, transaction, request):
                self.transactions.respond(transaction, request.reply(200), self.now)
                self.dialogs.terminate(dialog)

    def _establish(self, event: ResponseReceived, dialog: Dialog) -> None:
        if event.response.is_success:
            ack = dialog.ack(event.transaction.request)
            self.transactions.send_ack(event.transaction, ack, self.flow)
            self.transactions.send_request(dialog.request("BYE"), self.flow, self.now)
            self.dialogs.terminate(dialog)


class Calls:
    """Calls one after the other, 200 a second on virtual time."""

    def __init__(self) -> None:
        self.alice = End(1, Flow(Transport.UDP, BOB, ALICE))
        self.bob = End(2, Flow(Transport.UDP, ALICE, BOB))
        self.number = 0

    def one(self) -> None:
        """Make a call from INVITE to BYE."""
        self.number += 1
        self.alice.now = self.bob.now = self.number / 200
        self.alice.dialogs.on_timer(self.alice.now)
        self.bob.dialogs.on_timer(self.bob.now)
        self.alice.call(self.number)
        while self._move(self.alice, self.bob) or self._move(self.bob, self.alice):
            pass

    def _move(self, source: End, target: End) -> bool:
        outputs = source.dialogs.drain()
        for output in outputs:
            if isinstance(output, Transmit):
                target.dialogs.receive(output.data, target.flow, target.now)
            else:
                source.handle(output)
        return bool(outputs)


def main() -> None:
    """Measure and print."""
    request = read_fully(INVITE)
    invites = list(islice(strangers(), RUNS * MESSAGES))
    fresh = iter(invites)
    calls = Calls()
    rows = [
        ("parse the frame", best(lambda: parse_datagram(INVITE), MESSAGES)),
        ("parse and check all mandatory fields", best(lambda: read_fully(next(fresh)), MESSAGES)),
        ("print", best(request.encode, MESSAGES)),
        ("build and print a response", best(lambda: request.reply(180).encode(), MESSAGES)),
        ("parse and print the SDP", best(lambda: SessionDescription.parse(SDP).encode(), MESSAGES)),
        ("a call, one end", best(calls.one, CALLS) / 2),
    ]
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
    print(f"INVITE of {len(INVITE)} bytes\n")
    for name, microseconds in rows:
        print(f"{name:<40}{microseconds:>8.1f} us")
    print(f"{'calls a second, both ends on one core':<40}{1e6 / (rows[-1][1] * 2):>8.0f}")


if __name__ == "__main__":
    main()
