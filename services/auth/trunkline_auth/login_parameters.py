"""The parameters of operators' logins and passwords (AUT-16, AUT-17)."""

from datetime import timedelta
from typing import Final

from trunkline_kernel.parameters import (
    AnyParameter,
    IntParameter,
    Parameters,
    StringParameter,
)

from .operators.logins import LoginPolicy

LOGIN_FAILED_DISABLE_TIME: Final = IntParameter(
    "SERVER_LOGIN_FAILED_DISABLE_TIME",
    default=300,
    minimum=0,
    maximum=86_400,
    unit="s",
    scope="server",
    meaning="How long an operator is locked out after too many failed logins. 0 locks nobody out.",
)
LOGIN_FAILED_MAX: Final = IntParameter(
    "SERVER_LOGIN_FAILED_MAX",
    default=5,
    minimum=1,
    maximum=100,
    unit="count",
    scope="server",
    meaning="Failed logins in a row that lock an operator out.",
)
PASSWORD_LENGTH: Final = IntParameter(
    "SERVER_PASSWORD_LENGTH",
    default=8,
    minimum=1,
    maximum=64,
    unit="chars",
    scope="server",
    meaning="Fewest characters of an operator's password when it is set.",
)
TERMINAL_ADDITIONAL_CHARACTERS: Final = StringParameter(
    "SERVER_TERMINAL_ADDITIONAL_CHARACTERS",
    default="",
    pattern=r"[!-~]{0,64}",
    expected="up to 64 visible ASCII characters",
    scope="server",
    meaning="Characters beyond letters and digits in passwords generated for terminals.",
)

LOGIN_PARAMETERS: Final[tuple[AnyParameter, ...]] = (
    LOGIN_FAILED_DISABLE_TIME,
    LOGIN_FAILED_MAX,
    PASSWORD_LENGTH,
    TERMINAL_ADDITIONAL_CHARACTERS,
)


def login_policy_of(parameters: Parameters) -> LoginPolicy:
    """Return the policy that parameters make."""
    return LoginPolicy(
        parameters[LOGIN_FAILED_MAX],
        timedelta(seconds=parameters[LOGIN_FAILED_DISABLE_TIME]),
    )
