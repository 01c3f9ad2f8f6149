"""HTTP digest authentication as SIP uses it: parse, prove, challenge. No I/O, no clock."""

from .challenges import Challenge
from .credentials import Algorithm, Credentials
from .nonces import Nonces, NonceState
from .responses import NOBODY, Secret

__all__ = ["NOBODY", "Algorithm", "Challenge", "Credentials", "NonceState", "Nonces", "Secret"]
