"""Names under which CDRs are published, and when a stream is tried again."""

from datetime import timedelta

import pytest
from support.billing import NOW
from trunkline_billing.cdrs.retries import try_for_ever
from trunkline_billing.outputs.stream import subject_of


@pytest.mark.parametrize(
    ("account", "subject"),
    [("acme", "cdrs.acme"), ("a.b c>*", "cdrs.a_b_c__"), ("", "cdrs.-")],
    ids=["plain", "with wildcards", "nobody"],
)
def test_a_subject_has_one_part_for_the_account(account: str, subject: str) -> None:
    assert subject_of("cdrs", account) == subject


def test_a_stream_is_tried_for_ever() -> None:
    a_week_ago = NOW - timedelta(days=7)

    assert try_for_ever(1, a_week_ago, NOW) == NOW + timedelta(seconds=1)
    assert try_for_ever(1000, a_week_ago, NOW) == NOW + timedelta(seconds=30)
