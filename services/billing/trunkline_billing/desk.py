"""The desk: everything billing can be asked, in its own types. What servicers call."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random, SystemRandom
from typing import Literal

import structlog
from trunkline_kernel.parameters import Parameters

from .accounts.account import Account
from .accounts.purse import Purse
from .cashier.cashier import Cashier
from .cashier.work import Pay, Settle
from .cdrs.cdr import Call, Cdr
from .cdrs.closed_hours import parse_closed_hours
from .cdrs.query import CdrQuery, Position, page_limit, require_open, require_order, time_range
from .charging.authorization import Extension, paying_chain, shortest
from .charging.reservation import CallStart, Reservation, Terms
from .charging.rules import Rules
from .charging.settlement import Settlement
from .charging.terms import terms_of
from .charging.till import unsold
from .errors import UnknownCall
from .ledger.payments import Payment
from .ledger.transactions import EntryKind, transaction_id
from .observation import Observation
from .parameters import QUERY_DENY_TIME, QUERY_MAX_DAYS
from .rating.tariff import Charge, longest_talk, rate_call
from .reconciliation.peer import Direction
from .reports.reconciliation import (
    Reconciliation,
    StatedCall,
    Tolerance,
    reconcile,
)
from .reports.report import Dimension, Row
from .rerating import Rerater
from .store.cdr_reader import CdrReader, position_of
from .store.cdr_rows import StoredCdr
from .store.ledger_reader import BookedEntry, LedgerReader

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SettleReceipt:
    """What a settlement did, and the CDR of the first one."""

    outcome: Literal["settled", "duplicate", "not recorded"]
    cdr: Cdr | None


@dataclass(frozen=True, slots=True)
class PayReceipt:
    """The balance after a payment, and whether it was booked before."""

    balance: Decimal
    repeated: bool


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """What a call would cost."""

    terms: Terms
    charge: Charge
    longest: timedelta | None


class Desk:
    """Answers for accounts, calls and CDRs."""

    def __init__(
        self,
        cashier: Cashier,
        cdrs: CdrReader,
        ledger: LedgerReader,
        parameters: Parameters,
        rules: Callable[[], Rules],
        clock: Callable[[], datetime],
        observation: Observation,
        random: Random | None = None,
    ) -> None:
        self._cashier = cashier
        self._till = cashier.till
        self._cdrs = cdrs
        self._ledger = ledger
        self._parameters = parameters
        self._rules = rules
        self._clock = clock
        self._observation = observation
        self._random = random or SystemRandom()
        self.rerater = Rerater(cashier, cdrs, ledger, rules)

    @property
    def lease(self) -> timedelta:
        """How long a reservation lives without an Extend."""
        return self._rules().lease

    async def authorize(self, start: CallStart) -> Reservation:
        """Reserve a call's first slice; raise `Refused`."""
        with self._observation.refusals():
            return await self._cashier.authorize(start)

    async def extend(self, call_id: str, elapsed: timedelta) -> Extension:
        """Keep a call's money ahead of it; raise `UnknownCall`."""
        return await self._cashier.extend(call_id, elapsed)

    async def settle(self, call: Call) -> SettleReceipt:
        """Charge a finished call once; the answer means that it is durable."""
        with self._observation.settling():
            settlement = await self._cashier.submit(Settle(call))
        if settlement is None:
            return await self._repeated(call)
        self._watch(settlement)
        return SettleReceipt("settled" if settlement.recorded else "not recorded", settlement.cdr)

    async def settle_external(self, call: Call) -> SettleReceipt:
        """Charge a call another system handled (BIL-17); raise `UnknownAccount`."""
        self._till.accounts.get(call.account)
        return await self.settle(call)

    def new_flow_no(self) -> int:
        """Return a number for an external call that brings none: 63 random bits."""
        return self._random.getrandbits(63) or 1

    async def quote(
        self, account: str, callee: str, talk: timedelta, setup_time: datetime
    ) -> QuoteAnswer:
        """Return what a call would cost; raise `Refused` or `UnknownAccount`."""
        payer = self._till.accounts.get(account)
        rules = self._rules()
        terms = terms_of(payer, self._till.decks, callee, setup_time)
        longest = []
        for one in paying_chain(self._till.accounts, account, rules, self._clock()):
            spendable = (await self._purse(one.name)).spendable(one.overdraft)
            if spendable is not None:
                tariff = terms_of(one, self._till.decks, callee, setup_time).tariff
                longest.append(longest_talk(tariff, spendable, rules.rating))
        charge = rate_call(terms.tariff, talk, rules.rating)
        return QuoteAnswer(terms, charge, shortest(longest))

    async def pay(self, payment: Payment) -> PayReceipt:
        """Book a payment once; raise `UnknownAccount`, `CurrencyMismatch`, `Overdrawn`."""
        balance = await self._cashier.submit(Pay(payment))
        if balance is not None:
            self._observation.paid()
            return PayReceipt(balance, repeated=False)
        booked = transaction_id(EntryKind.PAYMENT, payment.request_id)
        after = await self._ledger.balance_after(booked, payment.account)
        assert after is not None
        return PayReceipt(after, repeated=True)

    async def balance(self, name: str) -> tuple[Account, Purse]:
        """Return an account and what it holds; raise `UnknownAccount`."""
        return self._till.accounts.get(name), await self._purse(name)

    async def ledger(
        self, account: str, before: int | None, asked: int
    ) -> tuple[list[BookedEntry], int | None]:
        """Return a page of entries and where the next one begins."""
        limit = page_limit(asked)
        self._till.accounts.get(account)
        entries = await self._ledger.page(account, before, limit)
        return entries, entries[-1].id if len(entries) == limit else None

    async def cdr(self, call_id: str) -> StoredCdr:
        """Return the CDR of a call; raise `UnknownCall`."""
        stored = await self._cdrs.find(call_id)
        if stored is None:
            raise UnknownCall(f"call {call_id} has no CDR")
        return stored

    async def cdrs(
        self,
        begin: datetime | None,
        end: datetime | None,
        *,
        page_size: int,
        after: Position | None,
        account: str = "",
        caller: str = "",
        callee: str = "",
        gateway: str = "",
        answered_only: bool = False,
    ) -> tuple[list[StoredCdr], Position | None]:
        """Return a page of CDRs and where the next one begins (BIL-13)."""
        now = self._clock()
        self._require_open()
        since, until = time_range(begin, end, now, self._parameters[QUERY_MAX_DAYS])
        query = CdrQuery(
            begin=since,
            end=until,
            account=account,
            caller=caller,
            callee=callee,
            gateway=gateway,
            answered_only=answered_only,
            limit=page_limit(page_size),
            after=after,
        )
        found = await self._cdrs.page(query)
        return found, position_of(found[-1]) if len(found) == query.limit else None

    async def report(
        self,
        begin: datetime,
        end: datetime,
        dimensions: Sequence[Dimension],
        *,
        account: str = "",
        gateway: str = "",
    ) -> list[Row]:
        """Return sums over the CDRs of a time range (BIL-16); raise `BadQuery`."""
        require_order(begin, end)
        return await self._cdrs.reports.groups(
            begin, end, dimensions, account=account, gateway=gateway
        )

    def export(
        self, begin: datetime, end: datetime, *, account: str = "", gateway: str = ""
    ) -> AsyncIterator[bytes]:
        """Return the CDRs of a time range as CSV; raise `BadQuery` or `QueryDenied`."""
        require_order(begin, end)
        self._require_open()
        return self._cdrs.export.parts(begin, end, account=account, gateway=gateway)

    async def reconcile(
        self,
        name: str,
        begin: datetime,
        end: datetime,
        theirs: Iterable[StatedCall],
        tolerance: Tolerance,
    ) -> tuple[Account, Reconciliation]:
        """Compare an account's calls with a statement (BIL-14)."""
        account = self._till.accounts.get(name)
        require_order(begin, end)
        ours = [
            call
            for direction in Direction
            async for part, _ in self._cdrs.stated.parts(name, direction, begin, end)
            for call in part
        ]
        return account, await asyncio.to_thread(reconcile, ours, theirs, tolerance)

    def _require_open(self) -> None:
        require_open(parse_closed_hours(self._parameters[QUERY_DENY_TIME]), self._clock())

    async def _purse(self, name: str) -> Purse:
        return await self._cashier.purse(name, self._ledger)

    async def _repeated(self, call: Call) -> SettleReceipt:
        stored = await self._cdrs.find(call.call_id)
        first = stored.cdr if stored is not None else None
        self._observation.duplicate()
        if first is not None and first.call.recovered_by and not call.recovered_by:
            log.warning(
                "late_settlement",
                call_id=call.call_id,
                talk_seconds=call.talk.total_seconds(),
                charged_talk_seconds=first.call.talk.total_seconds(),
            )
        return SettleReceipt("duplicate", first)

    def _watch(self, settlement: Settlement) -> None:
        self._observation.settled(settlement)
        if unsold(settlement):
            call = settlement.cdr.call
            log.error("call_not_charged", call_id=call.call_id, account=call.account)
