"""MGT-13: what is an alarm, when it is raised, and when it is over."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.billing import NOW, account, call, deck, seconds, till
from trunkline_billing.accounts.account import SpendLimit
from trunkline_billing.accounts.purse import Purse
from trunkline_billing.alarms.alarm import Alarm, AlarmType, Board, Condition, Level
from trunkline_billing.alarms.reported import Report, agreed
from trunkline_billing.alarms.rules import (
    AlarmRule,
    Traffic,
    answer_ratios,
    balances,
    long_calls,
    pending,
    spending,
)
from trunkline_billing.alarms.traffic import TrafficCounter
from trunkline_billing.charging.rules import Rules

WINDOW = timedelta(minutes=15)
ASR = AlarmRule(AlarmType.GATEWAY_ASR, lower=Decimal(30), patience=2)
EVERY_TYPE = set(AlarmType)


def low_asr(patience: int = 2) -> Condition:
    return Condition(AlarmType.GATEWAY_ASR, "vox", Level.MAJOR, Decimal(20), patience=patience)


def holding(condition: Condition) -> dict[Any, Alarm]:
    return {condition.key: Alarm(1, condition, NOW)}


def test_mgt_13_two_checks_below_the_limit_raise_one_alarm() -> None:
    board = Board()

    first = board.look([low_asr()], {}, EVERY_TYPE)
    second = board.look([low_asr()], {}, EVERY_TYPE)
    third = board.look([low_asr()], holding(low_asr()), EVERY_TYPE)

    assert [first.raised, second.raised, third.raised] == [(), (low_asr(),), ()]


def test_mgt_13_one_good_check_between_begins_the_count_anew() -> None:
    board = Board()

    board.look([low_asr()], {}, EVERY_TYPE)
    board.look([], {}, EVERY_TYPE)

    assert not board.look([low_asr()], {}, EVERY_TYPE).raised


def test_mgt_13_an_alarm_is_over_when_its_condition_is() -> None:
    (cleared,) = Board().look([], holding(low_asr()), EVERY_TYPE).cleared

    assert cleared.condition == low_asr()


def test_mgt_13_an_alarm_of_what_was_not_looked_at_goes_on() -> None:
    changes = Board().look([], holding(low_asr()), EVERY_TYPE - {AlarmType.GATEWAY_ASR})

    assert not changes.cleared


@pytest.mark.parametrize(
    ("answered", "wrong"), [(29, ["vox"]), (30, [])], ids=["below the limit", "at the limit"]
)
def test_mgt_13_an_asr_below_its_limit_is_found(answered: int, wrong: list[str]) -> None:
    traffic = {("vox", WINDOW): Traffic(attempts=100, answered=answered)}

    assert [one.subject for one in answer_ratios([ASR], traffic)] == wrong


def test_mgt_13_few_attempts_say_nothing_of_a_gateway() -> None:
    assert not list(answer_ratios([ASR], {("vox", WINDOW): Traffic(attempts=19)}))


def test_mgt_13_an_acd_is_the_mean_talk_of_answered_calls() -> None:
    rule = AlarmRule(AlarmType.GATEWAY_ACD, lower=Decimal(60))
    traffic = {("vox", WINDOW): Traffic(100, 20, seconds(1000))}

    (found,) = answer_ratios([rule], traffic)

    assert (found.value, found.evidence) == (Decimal(50), "mean of 20 answered calls")


def test_mgt_13_a_rule_for_one_object_stands_before_the_rule_for_all() -> None:
    rules = [AlarmRule(AlarmType.GATEWAY_ASR, "vox", lower=Decimal(10)), ASR]
    traffic = {(name, WINDOW): Traffic(100, 20) for name in ("vox", "other")}

    assert [one.subject for one in answer_ratios(rules, traffic)] == ["other"]


def test_mgt_13_a_balance_below_its_limit_is_found() -> None:
    rule = AlarmRule(AlarmType.ACCOUNT_BALANCE, lower=Decimal(5))
    accounts = {name: account(name) for name in ("poor", "rich")}
    purses = {"poor": Purse(Decimal("4.99")), "rich": Purse(Decimal(5))}

    (found,) = balances([rule], accounts, purses)

    assert (found.subject, found.evidence) == ("poor", "balance 4.99 USD")


def test_mgt_13_a_cancelled_account_needs_no_money() -> None:
    rule = AlarmRule(AlarmType.ACCOUNT_BALANCE, lower=Decimal(5))

    assert not list(balances([rule], {"old": account("old", cancelled=True)}, {}))


def test_mgt_13_a_call_that_lasts_too_long_is_found() -> None:
    rule = AlarmRule(AlarmType.LONG_CALL, upper=Decimal(3600))
    calls = {"short": ("acme", timedelta(hours=1)), "long": ("acme", timedelta(hours=2))}

    assert [one.subject for one in long_calls([rule], calls)] == ["long"]


def test_mgt_13_more_than_a_thousand_waiting_cdrs_are_found_without_a_rule() -> None:
    assert [one.subject for one in pending([], {"push": 1001, "file": 1000})] == ["push"]


def test_mgt_13_a_spending_brake_is_an_alarm_until_its_hour_is_over() -> None:
    limit = SpendLimit(warn=Decimal("0.10"), block=Decimal("0.20"))
    books = till(account(hour_limit=limit), decks=[deck("retail", p44="0.10")], acme="100")
    books.settle(call("one"), Rules(), NOW)
    accounts = books.accounts.by_name

    (warned,) = spending(accounts, books.purses, NOW)
    books.settle(call("two"), Rules(), NOW)
    (blocked,) = spending(accounts, books.purses, NOW)

    assert (warned.level, blocked.level) == (Level.MAJOR, Level.URGENT)
    assert blocked.evidence == "spent 0.20 USD in this hour; new calls are refused"
    assert not list(spending(accounts, books.purses, NOW + timedelta(hours=1)))


def test_mgt_13_every_attempt_of_a_call_counts_for_its_gateway() -> None:
    attempts = [
        {"endpoint": {"name": "first"}},
        {"endpoint": {"name": "second"}, "answered": True},
    ]
    books = till(account(), decks=[deck("retail", p44="0.10")], acme="100")
    counter = TrafficCounter()

    counter.add(books.settle(call(extension={"attempts": attempts}), Rules(), NOW).cdr)

    assert {gateway: seen for (_, gateway), seen in counter.take().items()} == {
        "first": Traffic(1, 0),
        "second": Traffic(1, 1, seconds(60)),
    }
    assert counter.take() == {}


def test_sig_16_one_instance_that_reaches_a_gateway_is_enough() -> None:
    """Specification 0.6: any node's success wins."""
    away, seen = (Report(AlarmType.GATEWAY_UNREACHABLE, "vox", holds) for holds in (True, False))

    assert [one.subject for one in agreed([away])] == ["vox"]
    assert agreed([away, seen]) == []
