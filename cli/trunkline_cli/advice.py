"""Values of parameters that suit kinds of deployment: advice, which nothing applies (MGT-07)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Deployment(StrEnum):
    """What a switch has to cope with."""

    INTERNET = "internet"
    """Anybody can reach it."""
    LATENCY = "latency"
    """Its peers are far away, by satellite or over bad lines."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One value, and why it suits."""

    parameter: str
    value: str
    """As `parameters list` spells it."""
    reason: str


ADVICE: Final[Mapping[Deployment, tuple[Advice, ...]]] = {
    Deployment.INTERNET: (
        Advice("SS_SIP_AUTHENTICATION_RETRY", "3", "a guesser gets fewer guesses at a time"),
        Advice("SS_SIP_AUTHENTICATION_TIMEOUT", "5", "and less time for them"),
        Advice("SS_AUTHENTICATION_FAILED_SUSPEND", "600", "and then waits ten minutes"),
        Advice("SS_REPLY_UNAUTHORIZED", "Off", "scanners do not learn that a switch is here"),
    ),
    Deployment.LATENCY: (
        Advice("SS_SIP_AUTHENTICATION_RETRY", "8", "late and repeated answers are no guesses"),
        Advice("SS_SIP_AUTHENTICATION_TIMEOUT", "20", "challenge and answer are long on the way"),
        Advice("SS_AUTHENTICATION_FAILED_SUSPEND", "300", "who had more guesses waits longer"),
    ),
}
