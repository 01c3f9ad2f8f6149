"""Why a command ends without having done what was asked.

CommandError
├── Refused       exit 1: a service said no, or there is no such thing
├── BadUsage      exit 2: the command line itself is wrong
└── Unreachable   exit 3: a service does not answer
"""

from collections.abc import Iterable
from typing import ClassVar


class CommandError(Exception):
    """An expected failure. The first line says what; `details` are shown below it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, details: Iterable[str] = ()) -> None:
        self.message = message
        self.details = tuple(details)
        super().__init__("\n  ".join((message, *self.details)))


class Refused(CommandError):
    """A service refused, or what was named does not exist."""


class BadUsage(CommandError):
    """The command line is wrong."""

    exit_code = 2


class Unreachable(CommandError):
    """A service does not answer in time."""

    exit_code = 3
