"""What a finished call costs everybody, and the transaction that books it (BIL-02, BIL-08, BIL-10).

The reservation's terms apply when there is one, else the rates in force when the call was set up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ..accounts.account import Accounts
from ..cdrs.cdr import Call, Cdr, Share
from ..errors import Refused, UnknownAccount
from ..ledger.transactions import (
    Entry,
    EntryKind,
    Transaction,
    cost_book,
    revenue_book,
    sales_book,
    transfer,
)
from ..rating.tariff import NO_CHARGE, NOTHING, RatingRules, hold_time, rate_call
from ..reasons import CallEndReason, EndDirection
from .reservation import Reservation, Terms
from .rules import Rules
from .terms import Decks, terms_of

CUT_TOLERANCE: Final = timedelta(seconds=5)
"""How late a call that had to end for lack of money may end without being charged for it."""
PHONE: Final = 3


@dataclass(frozen=True, slots=True)
class Settlement:
    """A call that is charged."""

    cdr: Cdr
    transaction: Transaction
    recorded: bool
    """Whether the recording switches let the CDR be stored (BIL-10)."""


def settle(
    call: Call,
    held: Reservation | None,
    accounts: Accounts,
    decks: Decks,
    rules: Rules,
    now: datetime,
    talk: timedelta | None = None,
    gift: timedelta = NOTHING,
) -> Settlement:
    """Return what the call costs and what books it."""
    cdr = charge_call(call, held, accounts, decks, rules, now, talk, gift)
    transaction = Transaction(
        EntryKind.CALL, call.call_id, now, tuple(entries_of(cdr)), cdr_time=call.end_time
    )
    return Settlement(cdr, transaction, is_recorded(cdr, rules))


def charge_call(
    call: Call,
    held: Reservation | None,
    accounts: Accounts,
    decks: Decks,
    rules: Rules,
    now: datetime,
    talk: timedelta | None = None,
    gift: timedelta = NOTHING,
) -> Cdr:
    """Return what the call costs. Every call can be charged: one without a rate costs nothing.

    Customers pay for `talk` when it is given, else for what `charged_talk` says; the payer after
    it used `gift` of package time.
    """
    rating = held.rating if held is not None else rules.rating
    talk = charged_talk(call, held) if talk is None else talk
    terms = _terms_by_reservation(held) or _terms_by_account(call, accounts, decks)
    free = rules.no_billing_to_phone and call.callee_party.kind == PHONE
    gifts = [gift, *[NOTHING] * len(terms)]
    shares = [
        _share(one, talk, rating, given, free=free)
        for one, given in zip(terms, gifts, strict=False)
    ]
    vendor = _vendor_terms(call, accounts, decks)
    return Cdr(
        call=call,
        hold_time=hold_time(talk, rating.hold_time_precision),
        settled_at=now,
        payer=shares[0] if shares else None,
        agents=tuple(shares[1:]),
        vendor=_share(vendor, call.talk, rating, NOTHING) if vendor is not None else None,
    )


def charged_talk(call: Call, held: Reservation | None) -> timedelta:
    """Return the talk that customers pay for.

    A call the server ended because the money was gone costs no more than it was allowed to.
    """
    talk = call.talk
    cut = (
        call.end_reason is CallEndReason.BALANCE_INSUFFICIENT
        and call.end_direction is EndDirection.SERVER
    )
    if cut and held is not None and held.end_at is not None:
        late = talk - held.end_at
        if NOTHING < late <= CUT_TOLERANCE:
            return held.end_at
    return talk


def is_recorded(cdr: Cdr, rules: Rules) -> bool:
    """Whether the CDR is stored. Decides storage only, never charging (BIL-10)."""
    call = cdr.call
    if call.end_reason is CallEndReason.AUTHENTICATION_FAILED and not rules.record_illegal_call:
        return False
    routed = bool(call.callee_party.name) or call.answer_time is not None
    if call.end_direction is EndDirection.SERVER and not routed and not rules.record_server_hang_up:
        return False
    return bool(cdr.hold_time) or rules.record_zero_hold_time


def _terms_by_reservation(held: Reservation | None) -> list[Terms]:
    return [hold.terms for hold in held.holds] if held is not None else []


def _terms_by_account(call: Call, accounts: Accounts, decks: Decks) -> list[Terms]:
    if not call.account:
        return []
    try:
        chain = accounts.chain(call.account)
        return [terms_of(one, decks, call.callee.billed, call.setup_time) for one in chain]
    except (UnknownAccount, Refused):
        return []


def _vendor_terms(call: Call, accounts: Accounts, decks: Decks) -> Terms | None:
    account = accounts.find(call.clearing_account)
    if account is None:
        return None
    number = call.clearing_callee or call.callee.billed
    try:
        return terms_of(account, decks, number, call.setup_time)
    except Refused:
        return None


def _share(
    terms: Terms, talk: timedelta, rating: RatingRules, gift: timedelta, *, free: bool = False
) -> Share:
    charge = NO_CHARGE if free else rate_call(terms.tariff, talk, rating, gift)
    whole = rate_call(terms.tariff, talk, rating) if charge.gift_time else charge
    return Share(
        account=terms.account,
        currency=terms.currency,
        fee=charge.fee,
        fee_time=charge.fee_time,
        gift_time=charge.gift_time,
        rate_group=terms.rate_group,
        prefix=terms.prefix,
        level=terms.level,
        holder=terms.holder,
        gift_value=whole.fee - charge.fee,
        tariff=terms.tariff,
    )


def entries_of(cdr: Cdr) -> Iterable[Entry]:
    """Yield what books a call: each account of the chain pays the one above, the vendor is paid."""
    chain = [cdr.payer, *cdr.agents] if cdr.payer is not None else []
    for child, agent in pairwise([*chain, None]):
        assert child is not None
        target = sales_book(agent.account) if agent is not None else revenue_book(child.currency)
        yield from transfer(child.account, target, child.fee, child.currency, EntryKind.CALL)
    if cdr.vendor is not None:
        vendor = cdr.vendor
        book = cost_book(vendor.currency)
        yield from transfer(vendor.account, book, vendor.fee, vendor.currency, EntryKind.COST)
