"""Requests as the group commit sees them: what each looks at, and how it is decided.

`accounts` and `call` say what has to be locked in a shared database before `decide` is called;
`transaction` is what it would book, so that a repeat is known as one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from ..cdrs.cdr import Call, Cdr
from ..charging.authorization import Extension
from ..charging.correction import Correction
from ..charging.reservation import CallStart, Reservation
from ..charging.rules import Rules
from ..charging.settlement import Settlement
from ..charging.till import Till
from ..errors import RequestReused
from ..ledger.payments import Payment
from ..ledger.transactions import EntryKind, Transaction, transaction_id
from ..packages.renewal import Renewal
from ..store.journal import Known

Answer = TypeVar("Answer", covariant=True)


class Work(Protocol[Answer]):
    """One request of a batch."""

    @property
    def call(self) -> str | None:
        """Call whose reservation it looks at."""

    @property
    def transaction(self) -> str | None:
        """Id of what it would book."""

    def accounts(self, till: Till) -> Collection[str]:
        """Accounts whose purses it looks at."""

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Answer:
        """Change the till and return the answer, or raise and leave it as it is."""


@dataclass(frozen=True, slots=True)
class Authorize:
    """A call asks for money."""

    start: CallStart
    transaction: str | None = None

    @property
    def call(self) -> str:
        """The call that asks."""
        return self.start.call_id

    def accounts(self, till: Till) -> Collection[str]:
        """The payer, its agents and the called phone's account."""
        names = till.accounts_of(self.start.account)
        return [*names, self.start.callee_account] if self.start.callee_account else names

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Reservation:
        """Reserve the first slice."""
        return till.authorize(self.start, rules, now)


@dataclass(frozen=True, slots=True)
class Extend:
    """A call lives and needs more money."""

    call: str
    elapsed: timedelta
    transaction: str | None = None

    def accounts(self, till: Till) -> Collection[str]:
        """Everybody who holds money for it."""
        return holders(till, self.call)

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Extension:
        """Move the reservation ahead."""
        return till.extend(self.call, self.elapsed, rules, now)


@dataclass(frozen=True, slots=True)
class Settle:
    """A call is over."""

    finished: Call

    @property
    def call(self) -> str:
        """The call that is over."""
        return self.finished.call_id

    @property
    def transaction(self) -> str:
        """The call's transaction."""
        return transaction_id(EntryKind.CALL, self.call)

    def accounts(self, till: Till) -> Collection[str]:
        """Everybody who holds money for it, or would pay, and the vendor."""
        paying = holders(till, self.call)
        if not paying and self.finished.account:
            paying = till.accounts_of(self.finished.account)
        vendor = self.finished.clearing_account
        return [*paying, vendor] if vendor in till.accounts else paying

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Settlement | None:
        """Charge the call; return None when it was settled before."""
        if self.transaction in known:
            till.forgo(self.call)
            return None
        return till.settle(self.finished, rules, now)


@dataclass(frozen=True, slots=True)
class Expire:
    """A call may have lost its owner."""

    call: str

    @property
    def transaction(self) -> str:
        """The call's transaction."""
        return transaction_id(EntryKind.CALL, self.call)

    def accounts(self, till: Till) -> Collection[str]:
        """Everybody who holds money for it."""
        return holders(till, self.call)

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Settlement | None:
        """Settle the call as far as it is proven; None when it is settled or lives after all."""
        held = till.reservations.get(self.call)
        if held is None or held.lease_until > now:
            return None
        if self.transaction in known:
            till.forgo(self.call)
            return None
        return till.expire(self.call, rules, now)


@dataclass(frozen=True, slots=True)
class Pay:
    """Money comes in or goes out."""

    payment: Payment
    call: str | None = None

    @property
    def transaction(self) -> str:
        """The payment's transaction."""
        return transaction_id(EntryKind.PAYMENT, self.payment.request_id)

    def accounts(self, till: Till) -> Collection[str]:
        """The account paid to, and the agent that pays."""
        return [name for name in self.payment.accounts if name in till.accounts]

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Decimal | None:
        """Book the payment and return the balance after it; None when it was booked before."""
        if self.transaction in known:
            if known[self.transaction] != self.payment.content:
                raise RequestReused(f"request id {self.payment.request_id!r} paid something else")
            return None
        return till.pay(self.payment, rules, now)


@dataclass(frozen=True, slots=True)
class Post:
    """A transaction that was decided elsewhere and is booked once."""

    booking: Transaction
    account: str
    call: str | None = None

    @property
    def transaction(self) -> str:
        """Its own id."""
        return self.booking.id

    def accounts(self, till: Till) -> Collection[str]:
        """The account it touches."""
        return [self.account]

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> bool:
        """Book it; return whether this was the first time."""
        if self.transaction in known:
            return False
        till.post(self.booking)
        return True


@dataclass(frozen=True, slots=True)
class Correct:
    """A settled call is charged anew."""

    before: Cdr
    number: int
    author: str
    memo: str
    call: str | None = None

    @property
    def transaction(self) -> str:
        """The correction's transaction."""
        reference = f"{self.before.call.call_id}#{self.number}"
        return transaction_id(EntryKind.CORRECTION, reference)

    def accounts(self, till: Till) -> Collection[str]:
        """Everybody who paid, and who would pay now."""
        call, old = self.before.call, self.before
        shares = [share for share in (old.payer, *old.agents, old.vendor) if share is not None]
        paying = till.accounts_of(call.account) if call.account else ()
        vendor = [call.clearing_account] if call.clearing_account in till.accounts else []
        return {*(share.account for share in shares), *paying, *vendor}

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Correction | None:
        """Book the difference; None when somebody else was faster."""
        if self.transaction in known:
            return None
        return till.correct(self.before, self.number, rules, self.author, self.memo, now)


@dataclass(frozen=True, slots=True)
class Renew:
    """A period of a package may be due."""

    order: str
    call: str | None = None
    transaction: str | None = None

    def accounts(self, till: Till) -> Collection[str]:
        """The account that has the package."""
        order = till.shelf.orders.get(self.order)
        return [order.account] if order is not None else []

    def decide(self, till: Till, known: Known, rules: Rules, now: datetime) -> Renewal | None:
        """Begin the period; None when there is nothing to do."""
        return till.renew(self.order, rules, now) if self.order in till.shelf.orders else None


def holders(till: Till, call: str) -> Collection[str]:
    """Return the accounts that hold money for a call."""
    held = till.reservations.get(call)
    return [] if held is None else [hold.terms.account for hold in held.holds]
