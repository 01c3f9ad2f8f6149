"""Reasons and codes of MGT-04, replacement of SIG-23."""

import pytest
from trunkline_signaling.calls.reasons import (
    SIP_STATUS,
    CallEndReason,
    cause_of_reason,
    cause_of_status,
    reason_of_status,
    replaced_status,
    status_for_caller,
)
from trunkline_signaling.calls.stop_rules import Failure


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        *((2, 486), (3, 480), (4, 404), (5, 503), (6, 503), (7, 403), (8, 402), (9, 403)),
        *((10, 403), (16, 403), (17, 403), (18, 403), (19, 503), (20, 408), (21, 408)),
        *((22, 488), (23, 501), (24, 482), (25, 500)),
    ],
)
def test_mgt04_the_caller_hears_the_status_of_the_table(reason: int, status: int) -> None:
    assert SIP_STATUS[CallEndReason(reason)] == status


@pytest.mark.parametrize(
    ("vendor", "caller"),
    [
        *((404, 404), (486, 486), (503, 503), (603, 603), (488, 488)),
        *((499, 480), (401, 480), (407, 480), (599, 503), (699, 603), (302, 503)),
    ],
)
def test_mgt04_known_vendor_codes_pass_and_unknown_ones_go_by_class(
    vendor: int, caller: int
) -> None:
    assert status_for_caller(vendor) == caller


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        *((404, 1), (408, 102), (480, 18), (486, 17), (488, 65), (500, 41), (503, 34)),
        *((603, 21), (418, 31)),
    ],
)
def test_mgt04_a_vendors_code_has_its_q850_cause(status: int, cause: int) -> None:
    assert cause_of_status(status) == cause


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (CallEndReason.CALLER_HANGUP, 16),
        (CallEndReason.SESSION_TIMEOUT, 102),
        (CallEndReason.MEDIA_TIMEOUT, 102),
        (CallEndReason.BALANCE_INSUFFICIENT, 31),
        (CallEndReason.SERVER_FORCED_RELEASE, 31),
    ],
)
def test_mgt04_bye_carries_16_for_normal_102_for_timers_and_31_for_the_rest(
    reason: CallEndReason, cause: int
) -> None:
    assert cause_of_reason(reason) == cause


def test_rte11_a_vendors_600_is_busy_for_the_caller() -> None:
    assert Failure(600).status_for_caller == 486
    assert Failure(600).reason is CallEndReason.USER_BUSY


@pytest.mark.parametrize("status", range(300, 700))
def test_every_final_code_has_a_reason_and_a_status_for_the_caller(status: int) -> None:
    assert reason_of_status(status) in CallEndReason
    assert 400 <= status_for_caller(status) < 700


@pytest.mark.parametrize(
    ("status", "codes", "expected"),
    [
        pytest.param(503, {503: 480, 0: 0}, 480, id="the exact code first"),
        pytest.param(404, {503: 480, 0: 486}, 486, id="then any other"),
        pytest.param(404, {503: 480, 0: 0}, 404, id="0 leaves it as it is"),
        pytest.param(503, {503: 0, 0: 486}, 503, id="also for an exact code"),
        pytest.param(503, {}, 503, id="without a list"),
    ],
)
def test_sig23_failure_codes_are_replaced(
    status: int, codes: dict[int, int], expected: int
) -> None:
    assert replaced_status(status, codes) == expected
