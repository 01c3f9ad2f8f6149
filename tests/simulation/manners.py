"""Whether the switch ends only what was established (RFC 3261 section 15), acknowledges every
answer (section 13.2.2.4) and lets go of everybody, by what it says itself.

It looks at bytes, not at the product's own dialogs: those may be wrong together.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

_CALL_ID: Final = re.compile(rb"\r\nCall-ID: ([^\r]*)")
_FROM_TAG: Final = re.compile(rb"\r\nFrom: [^\r]*;tag=([^;\r]*)")
_TO_TAG: Final = re.compile(rb"\r\nTo: [^\r]*;tag=([^;\r]*)")
_CSEQ: Final = re.compile(rb"\r\nCSeq: (\d+)")
_ANSWER: Final = re.compile(rb"SIP/2.0 2\d\d .*\r\nCSeq: \d+ INVITE\r\n", re.DOTALL)

PATIENCE: Final = 32.0
"""Seconds without an ACK after which a BYE may go out all the same."""

Leg = tuple[bytes, bytes]
"""Call-ID and To tag of the INVITE's dialog."""
Answer = tuple[Leg, bytes]
"""A leg, and the number of an INVITE in it."""


class Manners:
    """Looks at every message of the switch."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._answered: dict[Leg, float] = {}
        """Legs on which the switch has sent its 200, and when first."""
        self._acknowledged: set[Leg] = set()
        self._established: set[Leg] = set()
        """Legs on which the switch has got a 200."""
        self._spoke: dict[bytes, float] = {}
        """When the switch last sent an INVITE or CANCEL of a Call-ID."""
        self._owed: set[Answer] = set()
        """Answers that the switch has got while it waited for them."""
        self._paid: set[Answer] = set()
        self._released: set[Leg] = set()
        """Legs in which a BYE went either way."""

    def received(self, data: bytes) -> None:
        """Look at what the switch gets."""
        if _ANSWER.match(data):
            self._established.add(_leg(data, _TO_TAG))
            leg, number = _answer(data)
            now = asyncio.get_running_loop().time()
            if now - self._spoke.get(leg[0], 0.0) < PATIENCE - 1.0:  # an INVITE given up is over
                self._owed.add((leg, number))
        elif data.startswith(b"ACK "):
            self._acknowledged.add(_leg(data, _TO_TAG))
        elif data.startswith(b"BYE "):
            self._release(data)

    def sent(self, data: bytes) -> None:
        """Look at what the switch sends."""
        now = asyncio.get_running_loop().time()
        if data.startswith((b"INVITE ", b"CANCEL ")):
            self._spoke[_leg(data, _TO_TAG)[0]] = now
        if _ANSWER.match(data):
            self._answered.setdefault(_leg(data, _TO_TAG), now)
        elif data.startswith(b"ACK "):
            self._paid.add(_answer(data))
        elif data.startswith(b"BYE "):
            self._release(data)
            self._judge(_leg(data, _FROM_TAG), _leg(data, _TO_TAG), now)

    def unacknowledged(self) -> list[str]:
        """Return the answers that never had an ACK. What a process owes is lost when it dies."""
        return [
            f"the 200 to INVITE {number.decode()} of {leg[0].decode()} had no ACK"
            for leg, number in sorted(self._owed - self._paid)
        ]

    def unreleased(self) -> list[str]:
        """Return the legs that had a 200 and no BYE. A process that dies releases nobody."""
        acknowledged = {leg for leg, _ in self._paid}
        legs = acknowledged & self._established | self._answered.keys()
        return [
            f"the leg {leg[0].decode('utf-8', 'replace')} was never released"
            for leg in sorted(legs - self._released)
        ]

    def _release(self, bye: bytes) -> None:
        self._released |= {_leg(bye, _FROM_TAG), _leg(bye, _TO_TAG)}

    def _judge(self, as_server: Leg, as_client: Leg, now: float) -> None:
        if as_client in self._established:
            return
        call_id = as_server[0].decode("utf-8", "replace")
        answered = self._answered.get(as_server)
        if answered is None:
            self.complaints.append(f"a BYE in {call_id}, which was never established")
        elif as_server not in self._acknowledged and now - answered < PATIENCE - 1.0:
            self.complaints.append(
                f"a BYE in {call_id} {now - answered:.3f} s after its 200, which had no ACK yet"
            )


def _answer(data: bytes) -> Answer:
    number = _CSEQ.search(data)
    assert number is not None
    return _leg(data, _TO_TAG), number[1]


def _leg(data: bytes, tag: re.Pattern[bytes]) -> Leg:
    call_id, found = _CALL_ID.search(data), tag.search(data)
    return call_id[1] if call_id else b"", found[1] if found else b""
