"""The till: money and calls in progress in memory, and every way they change.

Decides at once and never waits. What a decision changed is collected in `Changes`, which the store
writes in one database transaction with others; until then memory is ahead of the disk. After a
failed write the till is filled anew from the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from ..accounts.account import Accounts
from ..accounts.purse import Purse
from ..cdrs.cdr import Call, Cdr, Numbers
from ..errors import UnknownCall
from ..ledger.transactions import EntryKind, Transaction, is_account
from ..rating.deck import RateDeck
from ..rating.tariff import NOTHING
from ..reasons import CallEndReason, EndDirection
from .authorization import Extension, extend, reserve
from .brakes import SpendWarning, crossed
from .reservation import CallStart, Reservation
from .rules import Rules
from .settlement import Settlement, settle


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction with the balance of each entry's account after it; None for house books."""

    transaction: Transaction
    balances: tuple[Decimal | None, ...]


@dataclass(slots=True)
class Changes:
    """What decisions changed and the store must write, in their order."""

    posted: list[Posted] = field(default_factory=list)
    cdrs: list[Cdr] = field(default_factory=list)
    warnings: list[SpendWarning] = field(default_factory=list)
    """Fraud brakes that were touched."""
    deliveries: list[tuple[str, Cdr]] = field(default_factory=list)
    """CDRs with the outputs that owe them."""
    reservations: dict[str, Reservation | None] = field(default_factory=dict)
    """By call id; None for a reservation that ended."""
    purses: set[str] = field(default_factory=set)
    """Accounts whose balance or reservations changed."""

    def __bool__(self) -> bool:
        return bool(self.posted or self.cdrs or self.reservations or self.purses)


class Till:
    """All money in one place."""

    def __init__(self, accounts: Accounts, decks: Mapping[str, RateDeck]) -> None:
        self.accounts = accounts
        self.decks = decks
        self.purses: dict[str, Purse] = {}
        self.reservations: dict[str, Reservation] = {}
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
        held = reserve(start, self.accounts, self.purses, self.decks, rules, now)
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
        extension = extend(held, self.accounts, self.purses, elapsed, rules)
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
        settlement = settle(call, held, self.accounts, self.decks, rules, now)
        if held is not None:
            self._release(held)
        self.post(settlement.transaction)
        if settlement.recorded:
            self.changes.cdrs.append(settlement.cdr)
            self.changes.deliveries += [(output, settlement.cdr) for output in rules.outputs]
        return settlement

    def expire(self, call_id: str, rules: Rules, now: datetime) -> Settlement:
        """Settle a call whose owner stopped extending, up to its last proven second."""
        return self.settle(abandoned(self.reservations[call_id]), rules, now)

    def post(self, transaction: Transaction) -> Posted:
        """Book a transaction on the purses."""
        balances: list[Decimal | None] = []
        for entry in transaction.entries:
            if not is_account(entry.book):
                balances.append(None)
                continue
            purse = self.purse(entry.book)
            purse.balance += entry.amount
            if entry.kind is EntryKind.CALL:
                self._spend(entry.book, purse, -entry.amount, transaction.time)
            balances.append(purse.balance)
            self.changes.purses.add(entry.book)
        posted = Posted(transaction, tuple(balances))
        self.changes.posted.append(posted)
        return posted

    def _spend(self, name: str, purse: Purse, amount: Decimal, now: datetime) -> None:
        purse.spend(amount, now)
        account = self.accounts.find(name)
        if account is not None:
            self.changes.warnings += crossed(account, purse, amount, now)

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
        self.changes = Changes()

    def _keep(self, held: Reservation) -> None:
        self.reservations[held.call_id] = held
        self.changes.reservations[held.call_id] = held
        self.changes.purses.update(hold.terms.account for hold in held.holds)

    def _release(self, held: Reservation) -> None:
        for hold in held.holds:
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


def unsold(settlement: Settlement) -> bool:
    """Whether an answered call was charged to nobody: its account or rate is gone."""
    return settlement.cdr.payer is None and settlement.cdr.call.talk > NOTHING
