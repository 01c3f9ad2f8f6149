"""What passwords must be, and passwords made by machine (AUT-17)."""

import random
import string
from typing import Final, Protocol

from ..errors import PasswordTooShort

GENERATED_LENGTH: Final = 12


class PasswordHasher(Protocol):
    """Turns passwords into what is stored; slow by design."""

    def hash(self, password: str) -> str: ...

    def matches(self, stored: str, password: str) -> bool: ...


def require_length(password: str, minimum: int) -> None:
    """Raise PasswordTooShort for one that breaks SERVER_PASSWORD_LENGTH."""
    if len(password) < minimum:
        raise PasswordTooShort(f"a password has {minimum} characters at least, not {len(password)}")


def generate(additional: str, rng: random.Random) -> str:
    """Return a password for a terminal, with one character of each class at least.

    Args:
        additional: SERVER_TERMINAL_ADDITIONAL_CHARACTERS, a class of its own where there are any.
        rng: A cryptographic source.
    """
    classes = [string.ascii_lowercase, string.ascii_uppercase, string.digits]
    if additional:
        classes.append(additional)
    every = "".join(classes)
    chosen = [rng.choice(each) for each in classes]
    chosen += [rng.choice(every) for _ in range(GENERATED_LENGTH - len(chosen))]
    rng.shuffle(chosen)
    return "".join(chosen)
