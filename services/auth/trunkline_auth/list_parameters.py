"""The parameters of the dynamic black list (AUT-09 to AUT-13), and the policy they make."""

from datetime import timedelta
from typing import Final

from trunkline_kernel.parameters import AnyParameter, EnumParameter, IntParameter, Parameters

from .lists import Detector, ListPolicy

RUN_MODE: Final = EnumParameter(
    "SS_BLACK_LIST_DYNAMIC_RUN_MODE",
    default="Global",
    words=("Global", "Standalone"),
    scope="system",
    meaning="Global counts all calls and blocks everywhere; Standalone counts those of flagged"
    " gateways, each by itself, and blocks there.",
)


def _interval(behaviour: str, counted: str) -> IntParameter:
    return IntParameter(
        f"SS_BLACK_LIST_{behaviour}_CHECK_INTERVAL",
        default=600,
        minimum=1,
        maximum=86_400,
        unit="s",
        scope="system",
        meaning=f"Sliding window in which {counted} are counted.",
    )


def _limit(behaviour: str, counted: str) -> IntParameter:
    return IntParameter(
        f"SS_BLACK_LIST_{behaviour}_LIMIT",
        default=0,
        minimum=0,
        maximum=100_000,
        unit="calls",
        scope="system",
        meaning=f"How many {counted} put the number on the dynamic black list. 0 is off.",
    )


def _expire(behaviour: str) -> IntParameter:
    return IntParameter(
        f"SS_BLACK_LIST_{behaviour}_EXPIRE",
        default=3600,
        minimum=1,
        maximum=2_592_000,
        unit="s",
        scope="system",
        meaning="How long the number stays listed after the last call that hit it.",
    )


CALLEE_INTERVAL: Final = _interval("MALICIOUS_CALL", "calls to one number")
CALLEE_LIMIT: Final = _limit("MALICIOUS_CALL", "calls to one number")
CALLEE_EXPIRE: Final = _expire("MALICIOUS_CALL")
CALLER_INTERVAL: Final = _interval("CALLER_MALICIOUS_CALL", "calls of one number")
CALLER_LIMIT: Final = _limit("CALLER_MALICIOUS_CALL", "calls of one number")
CALLER_EXPIRE: Final = _expire("CALLER_MALICIOUS_CALL")
NO_ANSWER_INTERVAL: Final = _interval("NO_ANSWER", "unanswered calls to one number")
NO_ANSWER_LIMIT: Final = _limit("NO_ANSWER", "unanswered calls to one number")
NO_ANSWER_EXPIRE: Final = _expire("NO_ANSWER")
CONCURRENT_LIMIT: Final = IntParameter(
    "SS_BLACK_LIST_CALLER_CONCURRENT_LIMIT",
    default=0,
    minimum=0,
    maximum=100_000,
    unit="calls",
    scope="system",
    meaning="Calls of one number at once; one more black-lists it. 0 is off.",
)
CONCURRENT_EXPIRE: Final = _expire("CALLER_CONCURRENT")

LIST_PARAMETERS: Final[tuple[AnyParameter, ...]] = (
    RUN_MODE,
    CALLEE_INTERVAL,
    CALLEE_LIMIT,
    CALLEE_EXPIRE,
    CALLER_INTERVAL,
    CALLER_LIMIT,
    CALLER_EXPIRE,
    NO_ANSWER_INTERVAL,
    NO_ANSWER_LIMIT,
    NO_ANSWER_EXPIRE,
    CONCURRENT_LIMIT,
    CONCURRENT_EXPIRE,
)


def list_policy_of(parameters: Parameters) -> ListPolicy:
    """Return the policy that parameters make."""

    def detector(limit: IntParameter, interval: IntParameter, expire: IntParameter) -> Detector:
        return Detector(
            parameters[limit],
            timedelta(seconds=parameters[interval]),
            timedelta(seconds=parameters[expire]),
        )

    return ListPolicy(
        standalone=parameters[RUN_MODE] == "Standalone",
        callee=detector(CALLEE_LIMIT, CALLEE_INTERVAL, CALLEE_EXPIRE),
        caller=detector(CALLER_LIMIT, CALLER_INTERVAL, CALLER_EXPIRE),
        no_answer=detector(NO_ANSWER_LIMIT, NO_ANSWER_INTERVAL, NO_ANSWER_EXPIRE),
        concurrent=Detector(
            parameters[CONCURRENT_LIMIT],
            expire=timedelta(seconds=parameters[CONCURRENT_EXPIRE]),
        ),
    )
