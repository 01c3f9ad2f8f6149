"""Charging a settled call anew (BIL-10): the difference is booked, the first booking stays.

Rates are those in force for the call's set-up time, as the decks have them now; the rounding rules
are the present ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..accounts.account import Accounts
from ..cdrs.cdr import Cdr, Share
from ..ledger.transactions import Entry, EntryKind, Transaction
from ..rating.tariff import NOTHING
from .rules import Rules
from .settlement import charge_call, entries_of
from .terms import Decks


@dataclass(frozen=True, slots=True)
class Correction:
    """A call charged anew."""

    before: Cdr
    after: Cdr
    transaction: Transaction


def correct(
    before: Cdr,
    number: int,
    accounts: Accounts,
    decks: Decks,
    rules: Rules,
    author: str,
    memo: str,
    now: datetime,
) -> Correction:
    """Return the call charged anew; `number` counts its corrections, from 1."""
    after = charge_anew(before, accounts, decks, rules)
    reason = f": {memo}" if memo else ""
    transaction = Transaction(
        EntryKind.CORRECTION,
        f"{before.call.call_id}#{number}",
        now,
        tuple(_difference(before, after)),
        f"{_fee(before.payer)} -> {_fee(after.payer)} by {author or 'unknown'}{reason}",
        cdr_time=before.call.end_time,
    )
    return Correction(before, after, transaction)


def charge_anew(before: Cdr, accounts: Accounts, decks: Decks, rules: Rules) -> Cdr:
    """Return the CDR with what the call would cost now."""
    gift = before.payer.gift_time if before.payer is not None else NOTHING
    call, talk = before.call, before.hold_time
    return charge_call(call, None, accounts, decks, rules, before.settled_at, talk, gift)


def costs_otherwise(before: Cdr, after: Cdr) -> bool:
    """Whether anybody pays something else."""
    return list(_amounts(before)) != list(_amounts(after))


def _amounts(cdr: Cdr) -> Iterable[tuple[str, str, Decimal]]:
    for share in (cdr.payer, *cdr.agents, cdr.vendor):
        if share is not None and share.fee:
            yield share.account, share.currency, share.fee


def _difference(before: Cdr, after: Cdr) -> Iterable[Entry]:
    """Yield what takes the old entries back and makes the new ones, unless they are equal."""
    old, new = list(entries_of(before)), list(entries_of(after))
    if old != new:
        for entry in old:
            yield entry._replace(amount=-entry.amount, kind=EntryKind.CORRECTION)
        for entry in new:
            yield entry._replace(kind=EntryKind.CORRECTION)


def _fee(share: Share | None) -> str:
    return "nothing" if share is None else f"{share.fee} {share.currency}"
