"""How far an attempt has come, and how long it may stay there (SIG-10)."""

from datetime import timedelta

import pytest
from trunkline_signaling.calls.policy import AttemptTimers
from trunkline_signaling.calls.progress import Progress, ProgressLimits, advance
from trunkline_signaling.calls.reasons import CallEndReason


@pytest.mark.parametrize(
    ("before", "status", "sdp", "after"),
    [
        (Progress.INVITED, 100, False, Progress.TRYING),
        (Progress.INVITED, 180, False, Progress.RINGING),
        (Progress.TRYING, 183, False, Progress.SESSION_PROGRESS),
        (Progress.SESSION_PROGRESS, 183, True, Progress.SESSION_PROGRESS_SDP),
        (Progress.SESSION_PROGRESS_SDP, 181, False, Progress.RINGING),
        (Progress.RINGING, 183, True, Progress.RINGING),
        (Progress.RINGING, 100, False, Progress.RINGING),
        (Progress.SESSION_PROGRESS_SDP, 183, False, Progress.SESSION_PROGRESS_SDP),
    ],
)
def test_sig10_an_attempt_goes_forward_and_never_back(
    before: Progress, status: int, sdp: bool, after: Progress
) -> None:
    assert advance(before, status, sdp) is after


@pytest.mark.parametrize("step", Progress)
def test_sig10_the_gateways_own_wait_wins_over_the_parameter(step: Progress) -> None:
    own = AttemptTimers(*[timedelta(seconds=n) for n in range(1, 6)])

    assert ProgressLimits().of(step, own) == timedelta(seconds=step + 1)


@pytest.mark.parametrize(
    ("step", "seconds"), list(zip(Progress, (10, 20, 20, 120, 120), strict=True))
)
def test_sig10_without_it_the_parameters_default_counts(step: Progress, seconds: int) -> None:
    assert ProgressLimits().of(step, AttemptTimers()) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Progress.INVITED, CallEndReason.CONNECTION_TIMEOUT),
        (Progress.TRYING, CallEndReason.RESPONSE_TIMEOUT),
        (Progress.SESSION_PROGRESS, CallEndReason.RESPONSE_TIMEOUT),
        (Progress.SESSION_PROGRESS_SDP, CallEndReason.NO_ANSWER),
        (Progress.RINGING, CallEndReason.NO_ANSWER),
    ],
)
def test_sig10_each_wait_has_its_reason(step: Progress, reason: CallEndReason) -> None:
    assert step.timeout_reason is reason
