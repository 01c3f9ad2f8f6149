"""Fraud brakes in money and prices: warn, then block, with the evidence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.billing import NOW, account, call, deck, seconds, start, till
from trunkline_billing.accounts.account import SpendLimit
from trunkline_billing.cdrs.cdr import Numbers
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

    assert [one.evidence for one in books.take_changes().warnings] == [
        "spent 0.20 USD in this hour"
    ]


def test_a_call_in_progress_goes_on() -> None:
    books = till(account(hour_limit=HOUR), decks=[deck("retail", p44="0.10")], acme="100")
    books.authorize(start("long"), RULES, NOW)
    for number in range(3):
        books.settle(call(f"call-{number}"), RULES, NOW)

    assert books.extend("long", seconds(60), RULES, NOW)


JUMP = SpendLimit(warn=Decimal(2), block=Decimal(4))
EXPENSIVE: dict[str, Any] = {
    "expensive_share": SpendLimit(warn=Decimal(20), block=Decimal(50)),
    "expensive_price": Decimal("0.50"),
}
LATER = NOW + timedelta(hours=1)


def calling(
    cheap: int, dear: int, *, now: datetime = NOW, books: Till | None = None, **brakes: Any
) -> Till:
    """Return a till whose account made calls at 0.10 and at 1.00 a minute."""
    if books is None:
        decks = [deck("retail", p44="0.10", p882="1.00")]
        books = till(account(**brakes), decks=decks, acme="1000")
    numbers = ["447700900123"] * cheap + ["882345"] * dear
    for place, number in enumerate(numbers):
        callee = Numbers(number, number, number)
        books.settle(call(f"{now}-{place}", callee=callee), RULES, now)
    return books


def test_prices_that_jump_are_warned_of_and_then_refused() -> None:
    usual = calling(30, 0, price_jump=JUMP)
    warned = calling(27, 3, now=LATER, books=usual).take_changes().warnings
    blocked = calling(0, 30, now=LATER, books=usual)

    assert [one.brake for one in warned] == []
    assert [one.evidence for one in blocked.take_changes().warnings] == [
        "pays 0.2161 USD a minute in this hour, 2.16 times its usual 0.1000"
    ]
    with pytest.raises(SpendLimitReached, match=r"times its usual 0\.1000, its limit is 4"):
        blocked.authorize(start("next"), RULES, LATER)


def test_prices_that_jump_are_forgotten_with_their_hour() -> None:
    books = calling(0, 30, now=LATER, books=calling(30, 0, price_jump=JUMP))

    assert books.authorize(start("next"), RULES, LATER + timedelta(hours=1))


def test_an_account_without_a_past_has_no_usual_price() -> None:
    assert calling(0, 30, price_jump=JUMP).authorize(start("next"), RULES, NOW)


def test_a_few_calls_say_nothing_of_prices() -> None:
    books = calling(0, 19, now=LATER, books=calling(30, 0, price_jump=JUMP))

    assert books.authorize(start("next"), RULES, LATER)


def test_many_expensive_calls_are_warned_of_and_then_refused() -> None:
    warned = calling(16, 4, **EXPENSIVE)
    warning = warned.take_changes().warnings
    blocked = calling(0, 12, now=NOW + seconds(1), books=warned)

    assert [one.evidence for one in warning] == [
        "makes 4 of 20 calls in this hour at 0.50 USD a minute or more"
    ]
    with pytest.raises(SpendLimitReached, match="makes 16 of 32 calls in this hour"):
        blocked.authorize(start("next"), RULES, NOW)


def test_the_usual_price_follows_slowly() -> None:
    books = calling(0, 30, now=LATER, books=calling(30, 0, price_jump=JUMP))
    calling(1, 0, now=LATER + timedelta(hours=1), books=books)

    assert books.purses["acme"].usual_price == Decimal("0.13750000")


def test_a_clock_that_steps_back_forgets_no_spending() -> None:
    books = spending(3, hour_limit=HOUR)

    with pytest.raises(SpendLimitReached):
        books.authorize(start("next"), RULES, NOW - timedelta(hours=2))
