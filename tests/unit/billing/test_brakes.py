"""Fraud brakes in money: warn, then block, with the evidence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.billing import NOW, account, call, deck, seconds, start, till
from trunkline_billing.accounts.account import SpendLimit
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.errors import SpendLimitReached
from trunkline_billing.reasons import CallEndReason

RULES = Rules()
HOUR = SpendLimit(warn=Decimal("0.20"), block=Decimal("0.30"))


def spending(calls: int, **limits: Any) -> Till:
    """Return a till whose account made calls of 0.10 at noon."""
    books = till(account(**limits), decks=[deck("retail", p44="0.10")], acme="100")
    for number in range(calls):
        books.settle(call(f"call-{number}"), RULES, NOW)
    return books


def test_below_the_limit_calls_begin() -> None:
    assert spending(2, hour_limit=HOUR).authorize(start("next"), RULES, NOW)


def test_at_the_limit_no_call_begins_and_the_evidence_is_told() -> None:
    books = spending(3, hour_limit=HOUR)

    with pytest.raises(
        SpendLimitReached, match=r"spent 0\.30 USD in this hour, its limit is 0\.30"
    ):
        books.authorize(start("next"), RULES, NOW)
    assert SpendLimitReached.call_end_reason is CallEndReason.ACCOUNT_DISABLED


def test_the_next_hour_begins_anew() -> None:
    books = spending(3, hour_limit=HOUR)

    assert books.authorize(start("next"), RULES, NOW + timedelta(hours=1))


def test_the_day_is_counted_over_its_hours() -> None:
    books = spending(3, day_limit=HOUR)

    with pytest.raises(SpendLimitReached, match="in this day"):
        books.authorize(start("next"), RULES, NOW + timedelta(hours=11))
    assert books.authorize(start("next"), RULES, datetime(2026, 3, 2, tzinfo=UTC))


def test_a_warning_is_given_once_when_it_is_crossed() -> None:
    books = spending(3, hour_limit=HOUR)

    assert [str(warning) for warning in books.take_changes().warnings] == [
        "account acme spent 0.20 in this hour"
    ]


def test_a_call_in_progress_goes_on() -> None:
    books = till(account(hour_limit=HOUR), decks=[deck("retail", p44="0.10")], acme="100")
    books.authorize(start("long"), RULES, NOW)
    for number in range(3):
        books.settle(call(f"call-{number}"), RULES, NOW)

    assert books.extend("long", seconds(60), RULES, NOW)
