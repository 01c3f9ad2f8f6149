"""BIL-15: rent, gifts and periods of packages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.billing import CALLEE, NOW, account, call, deck, seconds, start, till
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.packages.package import (
    FailedProcess,
    Gift,
    Order,
    Package,
    RentType,
)
from trunkline_billing.reasons import CallEndReason

RULES = Rules()
AHEAD = Rules(advance=seconds(60))
DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0)


def package(*gifts: Gift, **fields: Any) -> Package:
    values: dict[str, Any] = {
        "rent": Decimal(5),
        "rent_type": RentType.DAY,
        "rent_period": 1,
        "gifts": gifts,
    }
    return Package(**(values | fields))


def order(sold: Package, name: str = "order", **fields: Any) -> Order:
    return Order(name, "acme", sold, MIDNIGHT, **fields)


def books_with(*orders: Order, money: str = "100") -> Till:
    books = till(account(), decks=[deck("retail", p44="0.60")], acme=money)
    books.shelf.orders = {one.name: one for one in orders}
    for one in orders:
        books.renew(one.name, RULES, NOW)
    return books


def gift(time: float, *prefixes: str, **fields: Any) -> Gift:
    return Gift(prefixes or ("44",), seconds(time), **fields)


def test_bil_15_gift_seconds_are_used_before_money() -> None:
    books = books_with(order(package(gift(600))))

    share = books.settle(call(talk=700), RULES, NOW).cdr.payer

    assert share is not None
    assert (share.gift_time, share.fee, share.fee_time) == (
        seconds(600),
        Decimal("1.20"),
        seconds(120),
    )


def test_bil_15_rent_is_taken_at_the_start_of_the_period() -> None:
    books = books_with(order(package(gift(600)), rent_percent=Decimal(50)))

    assert books.purse("acme").balance == Decimal("97.50")


def test_bil_15_a_period_is_paid_once() -> None:
    books = books_with(order(package(gift(600))))

    books.renew("order", RULES, NOW)

    assert books.purse("acme").balance == 95


def test_bil_15_the_next_period_is_paid_and_full_again() -> None:
    books = books_with(order(package(gift(600))))
    books.settle(call(talk=600), RULES, NOW)

    books.renew("order", RULES, NOW + DAY)

    assert books.purse("acme").balance == 90
    assert books.shelf.available("acme", CALLEE, NOW + DAY) == seconds(600)


def test_bil_15_without_money_it_waits_and_begins_when_the_money_is_there() -> None:
    books = books_with(order(package(gift(600))), money="4")
    assert books.shelf.available("acme", CALLEE, NOW) == seconds(0)
    books.purse("acme").balance += 1

    books.renew("order", RULES, NOW)

    assert books.shelf.available("acme", CALLEE, NOW) == seconds(600)
    assert books.purse("acme").balance == 0


def test_bil_15_without_money_it_may_wait_for_the_next_period() -> None:
    books = books_with(order(package(gift(600)), failed=FailedProcess.NEXT), money="4")
    books.purse("acme").balance += 1

    books.renew("order", RULES, NOW)
    assert books.shelf.available("acme", CALLEE, NOW) == seconds(0)
    books.renew("order", RULES, NOW + DAY)
    assert books.shelf.available("acme", CALLEE, NOW + DAY) == seconds(600)


def test_bil_15_without_money_the_order_may_be_removed() -> None:
    books = till(account(), acme="4")
    books.shelf.orders = {"order": order(package(gift(600)), failed=FailedProcess.DELETE)}

    renewal = books.renew("order", RULES, NOW)

    assert renewal is not None
    assert renewal.remove


def test_bil_15_the_longest_prefix_is_used_first_then_the_highest_priority() -> None:
    books = books_with(
        order(package(gift(60, "44")), "wide", priority=9),
        order(package(gift(60, "447")), "narrow", priority=1),
        order(package(gift(60, "447")), "narrow-first", priority=5),
    )

    parts = books.shelf.take("acme", CALLEE, NOW, seconds(150))

    assert [(part.order, part.time) for part in parts] == [
        ("narrow-first", seconds(60)),
        ("narrow", seconds(60)),
        ("wide", seconds(30)),
    ]


def test_bil_15_a_gift_counts_in_its_hours_only() -> None:
    evening = gift(60, begin=timedelta(hours=18))
    books = books_with(order(package(evening)))

    assert books.shelf.available("acme", CALLEE, NOW) == seconds(0)
    assert books.shelf.available("acme", CALLEE, NOW.replace(hour=19)) == seconds(60)


def test_bil_15_a_period_that_consumed_too_little_is_charged_the_shortfall() -> None:
    books = books_with(order(package(gift(60), min_consumption=Decimal(10))))
    books.settle(call(talk=120), RULES, NOW)  # 60 s of gift, 0.60 of money

    books.renew("order", RULES, NOW + DAY)

    assert books.purse("acme").balance == Decimal(100) - 5 - Decimal("0.60") - Decimal("9.40") - 5


def test_bil_05_package_time_is_available_without_money() -> None:
    books = books_with(order(package(gift(120), rent=Decimal(0))), money="0")

    assert books.authorize(start(), RULES, NOW).max_talk == seconds(120)


def test_bil_06_two_calls_cannot_hold_the_same_gift() -> None:
    books = books_with(order(package(gift(60), rent=Decimal(0))), money="0.60")

    first = books.authorize(start("first"), AHEAD, NOW)
    second = books.authorize(start("second"), AHEAD, NOW)

    assert first.holds[0].amount == 0
    assert second.holds[0].amount == Decimal("0.60")
    assert books.shelf.available("acme", CALLEE, NOW) == seconds(0)


def test_a_call_that_ends_gives_back_what_it_did_not_use() -> None:
    books = books_with(order(package(gift(60), rent=Decimal(0))), money="0")
    books.authorize(start(), AHEAD, NOW)

    books.settle(call(talk=20), AHEAD, NOW)

    assert books.shelf.available("acme", CALLEE, NOW) == seconds(40)


def test_a_cancelled_call_gives_all_of_it_back() -> None:
    books = books_with(order(package(gift(60), rent=Decimal(0))), money="0")
    books.authorize(start(), AHEAD, NOW)

    books.settle(call(talk=None, end_reason=CallEndReason.NO_ANSWER), AHEAD, NOW)

    assert books.shelf.available("acme", CALLEE, NOW) == seconds(60)


@pytest.mark.parametrize(
    ("rent_type", "count", "moment", "begin", "end"),
    [
        (RentType.DAY, 7, "2026-01-20", "2026-01-14", "2026-01-21"),
        (RentType.MONTH, 1, "2026-02-28", "2026-02-28", "2026-03-31"),
        (RentType.MONTH, 1, "2026-03-30", "2026-02-28", "2026-03-31"),
        (RentType.YEAR, 1, "2027-01-30", "2026-01-31", "2027-01-31"),
    ],
    ids=["weeks", "a short month", "before its day", "a year"],
)
def test_bil_15_periods_follow_the_calendar(
    rent_type: RentType, count: int, moment: str, begin: str, end: str
) -> None:
    first = "2026-01-07" if rent_type is RentType.DAY else "2026-01-31"
    sold = package(rent_type=rent_type, rent_period=count)
    one = Order("order", "acme", sold, _day(first))

    assert one.period_at(_day(moment)) == (_day(begin), _day(end))


def test_bil_15_one_that_is_sold_once_ends_with_its_period() -> None:
    one = order(package(rent_type=RentType.ONCE, rent_period=3600))

    assert one.period_at(MIDNIGHT) == (MIDNIGHT, MIDNIGHT + timedelta(hours=1))
    assert one.period_at(MIDNIGHT + timedelta(hours=1)) is None


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
