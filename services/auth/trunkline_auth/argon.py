"""Argon2id hashes of operators' passwords (RFC 9106)."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""19 MiB twice over, as OWASP advises: some 20 ms, which logins can afford and guessers can't."""

MAX_AT_ONCE: Final = 2
"""Hashes worked out at once; more logins wait, so that they don't take the processor from calls."""


class ArgonHasher:
    """Hashes and compares passwords."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return what is stored for a password."""
        return HASHER.hash(password)

    def matches(self, stored: str, password: str) -> bool:
        """Return whether `stored` is the hash of a password."""
        try:
            return HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def verify(self, stored: str, password: str) -> bool:
        """Return the same beside the event loop."""
        async with self._turns:
            return await asyncio.to_thread(self.matches, stored, password)
