"""What the alarm rules say of readings (MGT-13). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ..accounts.account import Account
from ..accounts.purse import Purse
from ..charging.brakes import Reading, readings
from .alarm import AlarmType, Condition, Level

EVERY: Final = "*"
PENDING_LIMIT: Final = 1000
"""CDRs that an output may owe before it is an alarm, unless a rule says otherwise."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """Limits of one kind of reading, of one object or of every one."""

    type: AlarmType
    subject: str = EVERY
    lower: Decimal | None = None
    upper: Decimal | None = None
    level: Level = Level.MAJOR
    patience: int = 2
    window: timedelta = timedelta(minutes=15)
    """How far back calls are looked at."""
    least: int = 20
    """Attempts, or answers, below which a ratio says nothing."""

    def broken_by(self, subject: str, value: Decimal, evidence: str) -> Condition | None:
        """Return what is wrong with a reading, if anything is."""
        low = self.lower is not None and value < self.lower
        high = self.upper is not None and value > self.upper
        if not (low or high):
            return None
        return Condition(
            self.type,
            subject,
            self.level,
            value,
            self.lower,
            self.upper,
            evidence,
            self.patience,
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went to one gateway in a time."""

    attempts: int = 0
    answered: int = 0
    talk: timedelta = timedelta(0)


def of_type(rules: Iterable[AlarmRule], *types: AlarmType) -> list[AlarmRule]:
    """Return the rules of some types, those for one object before those for every one."""
    return sorted(
        (rule for rule in rules if rule.type in types), key=lambda rule: rule.subject == EVERY
    )


def rule_for(rules: Iterable[AlarmRule], subject: str) -> AlarmRule | None:
    """Return the first rule that is for an object."""
    return next((rule for rule in rules if rule.subject in (subject, EVERY)), None)


def balances(
    rules: Iterable[AlarmRule], accounts: Mapping[str, Account], purses: Mapping[str, Purse]
) -> Iterator[Condition]:
    """Yield the accounts whose money is out of its limits."""
    rules = list(rules)
    for name, account in accounts.items():
        rule = rule_for(rules, name)
        if rule is None or account.cancelled:
            continue
        balance = purses[name].balance if name in purses else Decimal(0)
        condition = rule.broken_by(name, balance, f"balance {balance} {account.currency}")
        if condition is not None:
            yield condition


def spending(
    accounts: Mapping[str, Account], purses: Mapping[str, Purse], now: datetime
) -> Iterator[Condition]:
    """Yield the accounts whose fraud brakes warn or block."""
    for name, purse in purses.items():
        account = accounts.get(name)
        if account is None:
            continue
        told = [one for one in readings(account, purse, now) if one.warns or one.blocks]
        if told:
            yield _spending(max(told, key=lambda one: one.blocks))


def answer_ratios(
    rules: Iterable[AlarmRule], traffic: Mapping[tuple[str, timedelta], Traffic]
) -> Iterator[Condition]:
    """Yield the gateways whose ASR (percent) or ACD (seconds) is out of its limits.

    `traffic` is by gateway and window.
    """
    for type in (AlarmType.GATEWAY_ASR, AlarmType.GATEWAY_ACD):
        mine = of_type(rules, type)
        for (gateway, window), seen in traffic.items():
            rule = rule_for(mine, gateway)
            if rule is None or rule.window != window:
                continue
            reading = _ratio(type, seen, rule.least)
            if reading is not None and (found := rule.broken_by(gateway, *reading)):
                yield found


def long_calls(
    rules: Iterable[AlarmRule], calls: Mapping[str, tuple[str, timedelta]]
) -> Iterator[Condition]:
    """Yield the calls in progress, by id with account and age, that last too long (seconds)."""
    rules = list(rules)
    for call_id, (account, age) in calls.items():
        rule = rule_for(rules, account)
        if rule is None:
            continue
        seconds = Decimal(age // timedelta(seconds=1))
        if found := rule.broken_by(call_id, seconds, f"a call of account {account}"):
            yield found


def pending(rules: Iterable[AlarmRule], owed: Mapping[str, int]) -> Iterator[Condition]:
    """Yield the outputs that owe too many CDRs."""
    usual = AlarmRule(AlarmType.PENDING_CDRS, upper=Decimal(PENDING_LIMIT), patience=1)
    rules = [*rules, usual]
    for output, count in owed.items():
        rule = rule_for(rules, output)
        if rule and (found := rule.broken_by(output, Decimal(count), f"{count} wait")):
            yield found


def _spending(reading: Reading) -> Condition:
    limit = reading.limit
    return Condition(
        AlarmType.SPENDING,
        reading.account,
        Level.URGENT if reading.blocks else Level.MAJOR,
        reading.value,
        upper=limit.block if reading.blocks else limit.warn,
        evidence=reading.evidence + ("; new calls are refused" if reading.blocks else ""),
    )


def _ratio(type: AlarmType, seen: Traffic, least: int) -> tuple[Decimal, str] | None:
    if type is AlarmType.GATEWAY_ASR:
        if seen.attempts < least:
            return None
        ratio = Decimal(100 * seen.answered) / seen.attempts
        return round(ratio, 1), f"{seen.answered} of {seen.attempts} attempts answered"
    if seen.answered < least:
        return None
    seconds = Decimal(seen.talk // timedelta(seconds=1)) / seen.answered
    return round(seconds, 1), f"mean of {seen.answered} answered calls"
