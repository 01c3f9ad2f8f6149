"""Charges settled calls anew, one or a month of them (BIL-10)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from .cashier.cashier import Cashier
from .cashier.work import Correct
from .cdrs.cdr import Cdr
from .cdrs.query import require_order
from .charging.correction import Correction, charge_anew, costs_otherwise
from .charging.rules import Rules
from .errors import RatedMeanwhile, UnknownCall
from .money import ZERO, Currency
from .store.cdr_reader import CdrReader
from .store.cdr_rows import StoredCdr
from .store.ledger_reader import LedgerReader

AT_ONCE: Final = 200
"""Corrections that are booked together."""


@dataclass(slots=True)
class Sums:
    """Charges to payers in one currency, of the calls that changed."""

    before: Decimal = ZERO
    after: Decimal = ZERO


@dataclass(slots=True)
class Rerated:
    """What charging many calls anew did, or would do."""

    looked_at: int = 0
    changed: int = 0
    sums: defaultdict[Currency, Sums] = field(default_factory=lambda: defaultdict(Sums))

    def count(self, before: Cdr, after: Cdr) -> None:
        """Count a call that costs something else now."""
        self.changed += 1
        if before.payer is not None:
            self.sums[before.payer.currency].before += before.payer.fee
        if after.payer is not None:
            self.sums[after.payer.currency].after += after.payer.fee


class Rerater:
    """Charges anew by the rates that are now in force for a call's time."""

    def __init__(
        self,
        cashier: Cashier,
        cdrs: CdrReader,
        ledger: LedgerReader,
        rules: Callable[[], Rules],
    ) -> None:
        self._cashier = cashier
        self._cdrs = cdrs
        self._ledger = ledger
        self._rules = rules

    async def one(self, call_id: str, author: str, memo: str) -> tuple[StoredCdr, Cdr]:
        """Return a CDR as it is now, and as it was; raise `UnknownCall`, `RatedMeanwhile`."""
        stored, number = await self._as_it_stands(call_id)
        made = await self._book(stored.cdr, number, author, memo)
        return StoredCdr(stored.flow_no, made.after), made.before

    async def many(
        self,
        begin: datetime,
        end: datetime,
        *,
        account: str,
        author: str,
        memo: str,
        dry_run: bool,
    ) -> Rerated:
        """Charge the calls of a time range anew; those that cost the same are left alone.

        A repeat finds nothing to change. Raises `BadQuery` for a range that ends before it begins,
        and `RatedMeanwhile` when somebody else charges the same calls: what was booked until then
        stays.
        """
        require_order(begin, end)
        done, waiting, till = Rerated(), list[Cdr](), self._cashier.till
        async for stored in self._cdrs.each(begin, end, account=account):
            done.looked_at += 1
            after = charge_anew(stored.cdr, till.accounts, till.decks, self._rules())
            if not costs_otherwise(stored.cdr, after):
                continue
            done.count(stored.cdr, after)
            if not dry_run:
                waiting.append(stored.cdr)
            if len(waiting) == AT_ONCE:
                await self._book_all(waiting, author, memo)
                waiting.clear()
        await self._book_all(waiting, author, memo)
        return done

    async def _book_all(self, cdrs: list[Cdr], author: str, memo: str) -> None:
        # Who was not charged anew by now has the CDR that was read before; the others may not.
        again = await self._ledger.corrected(cdr.call.call_id for cdr in cdrs)
        fresh = [await self._as_it_stands(call_id) for call_id in again]
        first = [(cdr, 1) for cdr in cdrs if cdr.call.call_id not in again]
        due = [*first, *((stored.cdr, number) for stored, number in fresh)]
        await asyncio.gather(*(self._book(cdr, number, author, memo) for cdr, number in due))

    async def _as_it_stands(self, call_id: str) -> tuple[StoredCdr, int]:
        """Return a call's CDR and the number of its next correction. Raises `UnknownCall`.

        The number comes first: where somebody charges the call anew in between, it is theirs, and
        nothing is booked on what the call no longer costs.
        """
        number = await self._ledger.corrections(call_id) + 1
        stored = await self._cdrs.find(call_id)
        if stored is None:
            raise UnknownCall(f"call {call_id} has no CDR")
        return stored, number

    async def _book(self, cdr: Cdr, number: int, author: str, memo: str) -> Correction:
        made = await self._cashier.submit(Correct(cdr, number, author, memo))
        if made is None:
            call_id = cdr.call.call_id
            raise RatedMeanwhile(f"call {call_id} was charged anew by somebody else just now")
        return made
