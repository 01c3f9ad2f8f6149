"""The parameters that auth obeys (`parameters.csv`), and the policy they make."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Generic, TypeVar

from trunkline_kernel.parameters import (
    AnyParameter,
    BoolParameter,
    EnumParameter,
    IntParameter,
    Parameters,
)

from .admission.policy import Policy
from .list_parameters import LIST_PARAMETERS
from .login_parameters import LOGIN_PARAMETERS

PolicyT = TypeVar("PolicyT")

AUTHENTICATION_CODE: Final = EnumParameter(
    "SS_SIP_AUTHENTICATION_CODE",
    default="401",
    words=("401", "407"),
    scope="sip",
    aliases=("SS_AUTHCHALLENGEMODE",),
    meaning="Status of the digest challenge: 401 with WWW-Authenticate, 407 with"
    " Proxy-Authenticate.",
)
AUTHENTICATION_RETRY: Final = IntParameter(
    "SS_SIP_AUTHENTICATION_RETRY",
    default=6,
    minimum=1,
    maximum=99,
    unit="count",
    scope="sip",
    meaning="Wrong credentials that end one authentication session.",
)
AUTHENTICATION_TIMEOUT: Final = IntParameter(
    "SS_SIP_AUTHENTICATION_TIMEOUT",
    default=10,
    minimum=1,
    maximum=120,
    unit="s",
    scope="sip",
    meaning="Longest time of one authentication session, from its first request.",
)
REPLY_UNAUTHORIZED: Final = BoolParameter(
    "SS_REPLY_UNAUTHORIZED",
    default=True,
    scope="system",
    meaning="Whether requests of unknown sources are answered; Off drops them in silence.",
)
AUTHENTICATION_MAX_RETRY: Final = IntParameter(
    "SS_AUTHENTICATION_MAX_RETRY",
    default=6,
    minimum=0,
    maximum=999,
    unit="count",
    scope="system",
    meaning="Wrong credentials of one terminal, over all sessions, that suspend it. 0 never does.",
)
AUTHENTICATION_FAILED_SUSPEND: Final = IntParameter(
    "SS_AUTHENTICATION_FAILED_SUSPEND",
    default=180,
    minimum=60,
    maximum=3600,
    unit="s",
    scope="system",
    meaning="How long a terminal stays suspended after too many wrong credentials.",
)
REGISTER_REPLACE: Final = BoolParameter(
    "SS_ENDPOINT_REGISTER_REPLACE",
    default=True,
    scope="system",
    meaning="Whether a REGISTER from a new contact replaces the binding; Off refuses it while the"
    " old one lives.",
)
REGISTER_RETRY: Final = IntParameter(
    "SS_ENDPOINT_REGISTER_RETRY",
    default=6,
    minimum=0,
    maximum=999,
    unit="count",
    scope="system",
    meaning="Failed registrations that suspend registration of a terminal. 0 never does.",
)
REGISTER_SUSPEND: Final = IntParameter(
    "SS_ENDPOINT_REGISTER_SUSPEND",
    default=180,
    minimum=60,
    maximum=3600,
    unit="s",
    scope="system",
    meaning="How long registration is refused after too many failed ones.",
)
ENDPOINT_EXPIRE: Final = IntParameter(
    "SS_ENDPOINT_EXPIRE",
    default=3600,
    minimum=60,
    maximum=7200,
    unit="s",
    scope="system",
    meaning="Longest registration granted, and the one granted when none is asked for.",
)
ACCESS_IP_CHECK: Final = BoolParameter(
    "SS_ACCESS_IP_CHECK",
    default=False,
    scope="system",
    meaning="Whether areas of addresses restrict SIP sources as they do management logins.",
)
ENDPOINT_TIME_TO_LIVE: Final = IntParameter(
    "SS_ENDPOINTTIMETOLIVE",
    default=60,
    minimum=10,
    maximum=3600,
    unit="s",
    scope="system",
    meaning="How often a registered terminal is checked by OPTIONS; two misses make it offline.",
)

PARAMETERS: Final[tuple[AnyParameter, ...]] = (
    AUTHENTICATION_CODE,
    AUTHENTICATION_RETRY,
    AUTHENTICATION_TIMEOUT,
    REPLY_UNAUTHORIZED,
    AUTHENTICATION_MAX_RETRY,
    AUTHENTICATION_FAILED_SUSPEND,
    REGISTER_REPLACE,
    REGISTER_RETRY,
    REGISTER_SUSPEND,
    ENDPOINT_EXPIRE,
    ENDPOINT_TIME_TO_LIVE,
    ACCESS_IP_CHECK,
    *LIST_PARAMETERS,
    *LOGIN_PARAMETERS,
)


class Live(Generic[PolicyT]):
    """A policy of the present parameters, made anew when they change."""

    def __init__(self, parameters: Parameters, policy_of: Callable[[Parameters], PolicyT]) -> None:
        self._parameters = parameters
        self._policy_of = policy_of
        self._policy = policy_of(parameters)
        parameters.subscribe(self._changed)

    def __call__(self) -> PolicyT:
        return self._policy

    def _changed(self, changes: object) -> None:
        self._policy = self._policy_of(self._parameters)


def policy_of(parameters: Parameters) -> Policy:
    """Return the policy that parameters make."""
    return Policy(
        challenge_status=int(parameters[AUTHENTICATION_CODE]),
        session_retry=parameters[AUTHENTICATION_RETRY],
        session_timeout=_seconds(parameters[AUTHENTICATION_TIMEOUT]),
        reply_unauthorized=parameters[REPLY_UNAUTHORIZED],
        max_retry=parameters[AUTHENTICATION_MAX_RETRY],
        suspend=_seconds(parameters[AUTHENTICATION_FAILED_SUSPEND]),
        register_replace=parameters[REGISTER_REPLACE],
        register_retry=parameters[REGISTER_RETRY],
        register_suspend=_seconds(parameters[REGISTER_SUSPEND]),
        expire=_seconds(parameters[ENDPOINT_EXPIRE]),
        access_ip_check=parameters[ACCESS_IP_CHECK],
        check_interval=_seconds(parameters[ENDPOINT_TIME_TO_LIVE]),
    )


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)
