"""Asks a peer for its books over HTTP, signed both ways (BIL-14)."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final, TypeVar

from ..outputs.http_post import UNREACHED, post_json
from ..reports.reconciliation import StatedCall
from .messages import (
    SIGNATURE,
    TIME,
    BadMessage,
    Question,
    What,
    is_signed,
    read_book,
    read_calls,
    sign,
    write_question,
)
from .peer import Book, Peer

PATIENCE: Final = 120.0
"""Seconds an answer may take: the peer adds up a day."""


Answer = TypeVar("Answer")


class NoAnswer(Exception):
    """The peer cannot be reached now; the message says why."""


class PeerRefuses(Exception):
    """The peer, or whoever answered for it, does not tell; the message says why."""


class PeerLine:
    """Asks peers."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def totals(self, peer: Peer, day: date) -> Book:
        """Return the peer's totals of a day; raise `NoAnswer` or `PeerRefuses`."""
        question = Question(What.TOTALS, peer.peer_account, peer.direction.opposite, day)
        return _read(read_book, await self._ask(peer, question))

    async def calls(self, peer: Peer, day: date) -> list[StatedCall]:
        """Return the peer's calls of a day; raise `NoAnswer` or `PeerRefuses`."""
        found: list[StatedCall] = []
        for hour in range(24):
            question = Question(What.CALLS, peer.peer_account, peer.direction.opposite, day, hour)
            found += _read(read_calls, await self._ask(peer, question))
        return found

    async def _ask(self, peer: Peer, question: Question) -> bytes:
        body = write_question(question)
        told = str(int(self._clock().timestamp()))
        signature = sign(peer.key, told, body)
        headers = {TIME: told, SIGNATURE: signature}
        try:
            answer = await post_json(peer.endpoint, body, headers, PATIENCE)
        except UNREACHED as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        if answer.status >= 500:
            raise NoAnswer(f"HTTP {answer.status}")
        if not answer.taken:
            said = answer.body[:200].decode(errors="replace").strip()
            raise PeerRefuses(f"HTTP {answer.status}: {said}")
        if not is_signed(answer.headers.get(SIGNATURE, ""), peer.key, signature, answer.body):
            raise PeerRefuses("the answer is not signed with our shared key")
        return answer.body


def _read(read: Callable[[bytes], Answer], body: bytes) -> Answer:
    try:
        return read(body)
    except BadMessage as error:
        raise PeerRefuses(str(error)) from error
