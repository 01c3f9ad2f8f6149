"""What our requests prove, and to whom: a server and each proxy before it may want credentials of
its own, all of which the request then carries (RFC 3261 sections 22.2 and 22.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from . import digest
from .message import Request, Response

FIELDS: Final = {
    "WWW-Authenticate": "Authorization",
    "Proxy-Authenticate": "Proxy-Authorization",
}
"""What asks for credentials, and what holds them."""

MOST: Final = 4
"""Realms to which one request proves itself: more than any way to a vendor has."""
ONCE_STALE: Final = 2
"""Challenges of a realm that are answered: the first, and one that calls our nonce stale."""

Challenges = Mapping[tuple[str, str], digest.Challenge]
"""By the field that answers, and the realm."""


@dataclass(slots=True)
class _Proof:
    challenge: digest.Challenge
    asked: int = 1
    """Challenges of its realm since `begin`."""
    nonce_count: int = 0


class Proofs:
    """The credentials that one user name and password yield, on one request after the other."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._proofs: dict[tuple[str, str], _Proof] = {}

    def begin(self) -> None:
        """Begin another request: it carries what holds so far, which may be challenged anew."""
        for proof in self._proofs.values():
            proof.asked = 0

    def forget(self) -> None:
        """Carry nothing from now on."""
        self._proofs.clear()

    def take(self, challenges: Challenges) -> bool:
        """Learn what is asked; False where that has been answered, and so was refused."""
        return any([self._learn(*place, asked) for place, asked in challenges.items()])

    def write(self, request: Request, random: Random) -> None:
        """Put all credentials into a request."""
        for field in FIELDS.values():
            proofs = [proof for place, proof in self._proofs.items() if place[0] == field]
            request.headers.set(field, *(self._answer(proof, request, random) for proof in proofs))

    def _learn(self, field: str, realm: str, challenge: digest.Challenge) -> bool:
        proof = self._proofs.get((field, realm))
        if proof is None:
            self._drop_unasked(field)
            if len(self._proofs) == MOST:
                return False
            self._proofs[field, realm] = _Proof(challenge)
            return True
        proof.asked += 1
        if proof.asked > (ONCE_STALE if challenge.stale else 1):
            return False
        proof.challenge, proof.nonce_count = challenge, 0
        return True

    def _drop_unasked(self, field: str) -> None:
        """Forget realms that a new one may have taken the place of."""
        for place, proof in list(self._proofs.items()):
            if place[0] == field and not proof.asked:
                del self._proofs[place]

    def _answer(self, proof: _Proof, request: Request, random: Random) -> digest.Credentials:
        proof.nonce_count += 1
        return digest.answer(
            proof.challenge,
            request.method,
            request.target,
            self._username,
            self._password,
            f"{random.getrandbits(64):016x}",
            proof.nonce_count,
        )


def challenges_in(response: Response) -> Challenges:
    """Return what a response asks: of each realm the first challenge that we can answer.

    The server lists the best first (RFC 8760 section 2.3).
    """
    found: dict[tuple[str, str], digest.Challenge] = {}
    for asks, answers in FIELDS.items():
        for challenge in digest.challenges_in(response.headers.lines(asks)):
            if challenge.supported:
                found.setdefault((answers, challenge.realm), challenge)
    return found
