"""May a call begin, and how long may it go on? (BIL-03, BIL-05, BIL-06, BIL-07)"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ..accounts.account import Account, Accounts
from ..accounts.purse import Purse
from ..errors import AccountDisabled, BalanceInsufficient, CalleeBalanceInsufficient, UnknownAccount
from ..money import ZERO
from ..packages.package import Shelf, gift_time
from ..rating.tariff import NOTHING, RatingRules, longest_talk, rate_call
from .brakes import require_brakes_off
from .reservation import CallStart, Hold, Reservation, Terms
from .rules import Rules
from .terms import Decks, terms_of

Purses = Mapping[str, Purse]
"""What every account holds, by name."""


@dataclass(frozen=True, slots=True)
class Extension:
    """How long a call in progress may go on."""

    granted: timedelta | None
    """Talk that is paid for by what is held, counted from the answer. None: without limit."""
    end_at: timedelta | None
    """Talk at which the call must end. None: more can be had."""


def paying_chain(accounts: Accounts, name: str, rules: Rules, now: datetime) -> tuple[Account, ...]:
    """Return the payer and its agents, all usable; raise `Refused` (BIL-03)."""
    try:
        chain = accounts.chain(name)
    except UnknownAccount as error:
        raise AccountDisabled(error.message) from error
    for account in chain:
        account.require_usable(now, rules.default_life)
    return chain


def require_callee_money(
    accounts: Accounts, purses: Purses, name: str, rules: Rules, now: datetime
) -> None:
    """Raise `Refused` unless the called phone's account is usable and not empty (BIL-07)."""
    (account, *_) = paying_chain(accounts, name, rules, now)
    spendable = purses[name].spendable(account.overdraft)
    if spendable is not None and spendable <= ZERO:
        raise CalleeBalanceInsufficient(f"callee's account {name} has no money")


def reserve(
    start: CallStart,
    accounts: Accounts,
    purses: Purses,
    decks: Decks,
    shelf: Shelf,
    rules: Rules,
    now: datetime,
) -> Reservation:
    """Return the reservation that lets the call begin; raise `Refused`. Changes no purse."""
    chain = paying_chain(accounts, start.account, rules, now)
    for account in chain:
        require_brakes_off(account, purses[account.name], now)
    if start.callee_account and rules.verify_callee_money:
        require_callee_money(accounts, purses, start.callee_account, rules, now)
    terms = [terms_of(account, decks, start.callee, start.setup_time) for account in chain]
    budget = [purses[account.name].spendable(account.overdraft) for account in chain]
    gift = shelf.available(start.account, start.callee, start.setup_time)
    gifts = [gift, *[NOTHING] * (len(terms) - 1)]
    longest = shortest(
        _sellable(one, money, rules.rating, given)
        for one, money, given in zip(terms, budget, gifts, strict=True)
    )
    holds = tuple(Hold(one) for one in terms)
    granted = _slice(start, holds, rules.rating, rules.advance, longest, shelf)
    return Reservation(
        start=start,
        holds=holds,
        rating=rules.rating,
        advance=rules.advance,
        max_talk=longest,
        granted=granted,
        lease_until=now + rules.lease,
        end_at=longest,
    )


def extend(
    held: Reservation, accounts: Accounts, purses: Purses, shelf: Shelf, elapsed: timedelta
) -> Extension:
    """Move what the call holds ahead of `elapsed`. Changes `held` and `shelf`, no purse.

    What was granted is never taken back.
    """
    if not held.advance:
        return Extension(held.max_talk, held.max_talk)
    start = held.start
    for hold in held.holds:
        shelf.give_back(hold.gifts)
    gift = shelf.available(start.account, start.callee, start.setup_time)
    gifts = [gift, *[NOTHING] * (len(held.holds) - 1)]
    longest = shortest(
        _affordable(hold, accounts.find(hold.terms.account), purses, held.rating, given)
        for hold, given in zip(held.holds, gifts, strict=True)
    )
    if longest is not None and held.granted is not None:
        longest = max(longest, held.granted)
    wanted = elapsed + held.advance
    if held.granted is not None and wanted > held.granted:
        held.granted = _slice(start, held.holds, held.rating, wanted, longest, shelf)
    else:
        _take_gifts(start, held.holds[0], held.granted or wanted, held.rating, shelf)
    ends = longest is not None and longest <= wanted
    held.end_at = longest if ends else None
    return Extension(held.granted, held.end_at)


def shortest(spans: Iterable[timedelta | None]) -> timedelta | None:
    """Return the shortest span; None is without limit."""
    limits = [span for span in spans if span is not None]
    return min(limits) if limits else None


def _sellable(
    terms: Terms, money: Decimal | None, rating: RatingRules, gift: timedelta
) -> timedelta | None:
    """Return the longest talk of one party; raise `BalanceInsufficient` below the first unit."""
    if money is None:
        return None
    longest = longest_talk(terms.tariff, money, rating, gift)
    if longest == NOTHING:
        raise BalanceInsufficient(
            f"account {terms.account} has {money} {terms.currency} to spend:"
            f" less than the first unit to {terms.prefix} costs"
        )
    return longest


def _affordable(
    hold: Hold, account: Account | None, purses: Purses, rating: RatingRules, gift: timedelta
) -> timedelta | None:
    """Return the longest talk one party can pay with what it holds and what is left."""
    overdraft = account.overdraft if account is not None else ZERO
    spendable = purses[hold.terms.account].spendable(overdraft)
    if spendable is None:
        return None
    return longest_talk(hold.terms.tariff, spendable + hold.amount, rating, gift)


def _take_gifts(
    start: CallStart, hold: Hold, talk: timedelta, rating: RatingRules, shelf: Shelf
) -> timedelta:
    """Hold package time for the payer's `talk`; return how much there was."""
    billable = max(talk - rating.free_time, NOTHING)
    hold.gifts = shelf.take(start.account, start.callee, start.setup_time, billable)
    return gift_time(hold.gifts)


def _slice(
    start: CallStart,
    holds: tuple[Hold, ...],
    rating: RatingRules,
    wanted: timedelta,
    longest: timedelta | None,
    shelf: Shelf,
) -> timedelta | None:
    """Set what is held to the price of `wanted`; return the talk that is paid for by it."""
    if not wanted:
        return longest
    talk = wanted if longest is None else min(wanted, longest)
    paid_for = []
    gift = _take_gifts(start, holds[0], talk, rating, shelf)
    for hold in holds:
        hold.amount = rate_call(hold.terms.tariff, talk, rating, gift).fee
        paid_for.append(longest_talk(hold.terms.tariff, hold.amount, rating, gift))
        gift = NOTHING  # the payer's alone
    paid = shortest(paid_for)
    return paid if longest is None or paid is None else min(paid, longest)
