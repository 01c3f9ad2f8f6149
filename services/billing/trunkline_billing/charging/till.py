"""The till: money and calls in progress in memory, and every way they change.

Decides at once and never waits. What a decision changed is collected in `Changes`, which the store
writes in one database transaction with others; until then memory is ahead of the disk. After a
failed write the till is filled anew from the store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from ..accounts.account import Accounts
from ..accounts.purse import Purse
from ..cdrs.cdr import Call, Cdr, Numbers
from ..errors import UnknownCall
from ..ledger.payments import MoneyChange, Payment, book_payment
from ..ledger.transactions import Transaction, is_account
from ..packages.package import FailedProcess, GiftPart, Shelf, gift_time
from ..packages.renewal import Renewal, begin_period, shortfall
from ..rating.deck import RateDeck
from ..rating.tariff import NOTHING, hold_time
from ..reasons import BillingMode, CallEndReason, EndDirection
from .authorization import Extension, extend, reserve
from .brakes import count
from .changes import Changes, Posted
from .correction import Correction, correct
from .reservation import CallStart, Reservation
from .rules import Rules
from .settlement import Settlement, charged_talk, settle


class Till:
    """All money in one place."""

    def __init__(self, accounts: Accounts, decks: Mapping[str, RateDeck]) -> None:
        self.accounts = accounts
        self.decks = decks
        self.purses: dict[str, Purse] = {}
        self.reservations: dict[str, Reservation] = {}
        self.shelf = Shelf()
        self.changes = Changes()

    def purse(self, account: str) -> Purse:
        """Return the purse of an account, empty when nothing was ever booked."""
        return self.purses.setdefault(account, Purse())

    def take_changes(self) -> Changes:
        """Return what changed since the last time."""
        changes, self.changes = self.changes, Changes()
        return changes

    def authorize(self, start: CallStart, rules: Rules, now: datetime) -> Reservation:
        """Reserve the first slice of a call; raise `Refused`. A repeat returns the first answer."""
        held = self.reservations.get(start.call_id)
        if held is not None:
            return held
        for account in filter(None, (*self.accounts_of(start.account), start.callee_account)):
            self.purse(account)
        held = reserve(start, self.accounts, self.purses, self.decks, self.shelf, rules, now)
        self._touch_gifts(held.holds[0].gifts)
        self.adopt(held)
        return held

    def accounts_of(self, payer: str) -> tuple[str, ...]:
        """Return the payer and its agents by name; the payer alone when it is unknown."""
        if payer not in self.accounts:
            return (payer,)
        return tuple(account.name for account in self.accounts.chain(payer))

    def extend(self, call_id: str, elapsed: timedelta, rules: Rules, now: datetime) -> Extension:
        """Keep a call's money ahead of it; raise `UnknownCall` when it has no reservation."""
        held = self.reservations.get(call_id)
        if held is None:
            raise UnknownCall(f"call {call_id} has no reservation: settled, expired or never made")
        before = [hold.amount for hold in held.holds]
        self._touch_gifts(held.holds[0].gifts)
        extension = extend(held, self.accounts, self.purses, self.shelf, elapsed)
        self._touch_gifts(held.holds[0].gifts)
        for hold, amount in zip(held.holds, before, strict=True):
            self.purse(hold.terms.account).reserved += hold.amount - amount
        held.lease_until = now + rules.lease
        if elapsed > held.proven:
            held.proven = elapsed
            held.answered_at = held.answered_at or now - elapsed
        self._keep(held)
        return extension

    def settle(self, call: Call, rules: Rules, now: datetime) -> Settlement:
        """Charge a finished call that was not settled before, and release what it held."""
        held = self.reservations.get(call.call_id)
        if held is not None:
            self._release(held)
            call = with_payer(call, held)
        gift = self._use_gifts(call, held, rules)
        settlement = settle(call, held, self.accounts, self.decks, rules, now, gift=gift)
        self.post(settlement.transaction)
        self._count_spending(settlement.cdr, now)
        self._consume(settlement.cdr)
        if settlement.recorded:
            self.changes.cdrs.append(settlement.cdr)
            self.changes.deliveries += [(output, settlement.cdr) for output in rules.outputs]
        return settlement

    def correct(
        self, before: Cdr, number: int, rules: Rules, author: str, memo: str, now: datetime
    ) -> Correction:
        """Charge a settled call anew and book the difference."""
        made = correct(before, number, self.accounts, self.decks, rules, author, memo, now)
        self.post(made.transaction)
        self.changes.corrected.append(made.after)
        return made

    def expire(self, call_id: str, rules: Rules, now: datetime) -> Settlement:
        """Settle a call whose owner stopped extending, up to its last proven second."""
        return self.settle(abandoned(self.reservations[call_id]), rules, now)

    def forgo(self, call_id: str) -> None:
        """Release what a call holds that is settled already: its Authorize came too late."""
        held = self.reservations.get(call_id)
        if held is not None:
            self._release(held)

    def post(self, transaction: Transaction) -> Posted:
        """Book a transaction on the purses."""
        balances: list[Decimal | None] = []
        for entry in transaction.entries:
            if not is_account(entry.book):
                balances.append(None)
                continue
            purse = self.purse(entry.book)
            purse.balance += entry.amount
            balances.append(purse.balance)
            self.changes.purses.add(entry.book)
        posted = Posted(transaction, tuple(balances))
        self.changes.posted.append(posted)
        return posted

    def pay(self, payment: Payment, rules: Rules, now: datetime) -> Decimal:
        """Book a payment that was not booked before; return the balance after it.

        Raises what `book_payment` raises.
        """
        for name in payment.accounts:
            self.purse(self.accounts.get(name).name)
        posted = self.post(book_payment(payment, self.accounts, self.purses, now))
        if rules.notify:
            self.changes.money_changes += [
                MoneyChange(entry.book, entry.amount, balance, entry.currency, payment, now)
                for entry, balance in zip(posted.transaction.entries, posted.balances, strict=True)
                if balance is not None
            ]
        return self.purse(payment.account).balance

    def renew(self, order: str, rules: Rules, now: datetime) -> Renewal | None:
        """Begin the present period of a package's order, unless it has begun (BIL-15).

        Charges what the period before it fell short of. None when there is nothing to do.
        """
        terms, period = self.shelf.orders[order], self.shelf.periods.get(order)
        account = self.accounts.find(terms.account)
        present = terms.period_at(now)
        if account is None or (period is not None and now < period.end and period.current):
            return None
        over = period is not None and now >= period.end
        if period is not None and over:
            missing = shortfall(terms, period, account, rules.rating.rounding)
            if missing is not None:
                self.post(missing)
            period.current = False
            self.changes.periods[order] = period
        if present is None or (period and not over and terms.failed is not FailedProcess.WAIT):
            return None
        renewal = begin_period(
            terms, *present, account, self.purse(account.name), rules.rating.rounding, now
        )
        if renewal.booking is not None:
            self.post(renewal.booking)
        self.shelf.periods[order] = self.changes.periods[order] = renewal.period
        return renewal

    def _use_gifts(self, call: Call, held: Reservation | None, rules: Rules) -> timedelta:
        """Take the package time of a finished call; return how much that is."""
        rating = held.rating if held is not None else rules.rating
        held_for = hold_time(charged_talk(call, held), rating.hold_time_precision)
        billable = max(held_for - rating.free_time, NOTHING)
        parts = self.shelf.take(call.account, call.callee.billed, call.setup_time, billable)
        self._touch_gifts(parts)
        return gift_time(parts)

    def _consume(self, cdr: Cdr) -> None:
        """Count what a call cost towards the minimum consumption of its payer's packages."""
        if cdr.payer is None or not cdr.payer.fee:
            return
        for period in self.shelf.of(cdr.payer.account):
            if period.current and period.begin <= cdr.call.setup_time < period.end:
                period.consumed += cdr.payer.fee
                self.changes.periods[period.order] = period

    def _touch_gifts(self, parts: Iterable[GiftPart]) -> None:
        for part in parts:
            period = self.shelf.periods.get(part.order)
            if period is not None:
                self.changes.periods[part.order] = period

    def _count_spending(self, cdr: Cdr, now: datetime) -> None:
        payer = [cdr.payer] if cdr.payer is not None else []
        for share in filter(lambda one: one.fee, (*payer, *cdr.agents)):
            account = self.accounts.find(share.account)
            self.changes.warnings += count(account, self.purse(share.account), share, now)

    def adopt(self, held: Reservation) -> None:
        """Take in a reservation that was made elsewhere or not yet stored."""
        for hold in held.holds:
            purse = self.purse(hold.terms.account)
            purse.reserved += hold.amount
            purse.calls += 1
        self._keep(held)

    def forget(self) -> None:
        """Drop what another replica may change: it is read again when it is needed."""
        self.purses.clear()
        self.reservations.clear()
        self.shelf.periods.clear()
        self.changes = Changes()

    def _keep(self, held: Reservation) -> None:
        self.reservations[held.call_id] = held
        self.changes.reservations[held.call_id] = held
        self.changes.purses.update(hold.terms.account for hold in held.holds)

    def _release(self, held: Reservation) -> None:
        for hold in held.holds:
            self.shelf.give_back(hold.gifts)
            self._touch_gifts(hold.gifts)
            purse = self.purse(hold.terms.account)
            purse.reserved -= hold.amount
            purse.calls -= 1
            self.changes.purses.add(hold.terms.account)
        del self.reservations[held.call_id]
        self.changes.reservations[held.call_id] = None


def abandoned(held: Reservation) -> Call:
    """Return the call of a reservation that nobody extends any more, as far as it is proven."""
    start = held.start
    answered = held.answered_at
    return Call(
        call_id=start.call_id,
        setup_time=start.setup_time,
        answer_time=answered,
        end_time=start.setup_time if answered is None else answered + held.proven,
        end_direction=EndDirection.SERVER,
        end_reason=CallEndReason.INTERNAL_ERROR,
        account=start.account,
        billing_mode=start.billing_mode,
        caller=Numbers(start.caller, start.caller),
        callee=Numbers(start.callee, start.callee),
        caller_party=start.endpoint,
        signaling_instance=start.signaling_instance,
        recovered_by="billing: the lease of its reservation ran out",
    )


def with_payer(call: Call, held: Reservation) -> Call:
    """Return the call with the mark that the called phone's account pays, if it does (BIL-04)."""
    callee = held.start.callee_account
    if not callee or callee != call.account or call.billing_mode is not BillingMode.PHONE:
        return call
    return replace(call, extension={**call.extension, "callee_pays": True})


def unsold(settlement: Settlement) -> bool:
    """Whether an answered call was charged to nobody: its account or rate is gone."""
    return settlement.cdr.payer is None and settlement.cdr.call.talk > NOTHING
