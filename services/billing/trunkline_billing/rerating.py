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
from .charging.correction import Correction, correct
from .charging.rules import Rules
from .errors import RatedMeanwhile, UnknownCall
from .money import ZERO, Currency
from .store.cdr_reader import CdrReader
from .store.cdr_rows import StoredCdr
from .store.ledger_reader import LedgerReader

AT_ONCE: Final = 200
"""Corrections that are booked together."""
LOOKED_AT_ONCE: Final = 500
"""Calls after which others have their turn on the event loop."""


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

    def count(self, made: Correction) -> None:
        """Count a call that costs something else now."""
        self.changed += 1
        for share, name in ((made.before.payer, "before"), (made.after.payer, "after")):
            if share is not None:
                sums = self.sums[share.currency]
                setattr(sums, name, getattr(sums, name) + share.fee)


class Rerater:
    """Charges anew by the rates that are now in force for a call's time."""

    def __init__(
        self,
        cashier: Cashier,
        cdrs: CdrReader,
        ledger: LedgerReader,
        rules: Callable[[], Rules],
        clock: Callable[[], datetime],
    ) -> None:
        self._cashier = cashier
        self._till = cashier.till
        self._cdrs = cdrs
        self._ledger = ledger
        self._rules = rules
        self._clock = clock

    async def one(self, call_id: str, author: str, memo: str) -> tuple[StoredCdr, Cdr]:
        """Return a CDR as it is now, and as it was; raise `UnknownCall`, `RatedMeanwhile`."""
        stored = await self._cdrs.find(call_id)
        if stored is None:
            raise UnknownCall(f"call {call_id} has no CDR")
        made = await self._book(stored.cdr, author, memo)
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

        A repeat finds nothing to change. Raises `RatedMeanwhile` when somebody else charges the
        same calls: what was booked until then stays.
        """
        done, waiting = Rerated(), list[Cdr]()
        async for stored in self._cdrs.each(begin, end, account=account):
            done.looked_at += 1
            if not done.looked_at % LOOKED_AT_ONCE:
                await asyncio.sleep(0)
            made = self._preview(stored.cdr)
            if not made.transaction.entries:
                continue
            done.count(made)
            if not dry_run:
                waiting.append(stored.cdr)
            if len(waiting) == AT_ONCE:
                await self._book_all(waiting, author, memo)
                waiting.clear()
        await self._book_all(waiting, author, memo)
        return done

    def _preview(self, cdr: Cdr) -> Correction:
        till = self._till
        return correct(cdr, 0, till.accounts, till.decks, self._rules(), "", "", self._clock())

    async def _book_all(self, cdrs: list[Cdr], author: str, memo: str) -> None:
        await asyncio.gather(*(self._book(cdr, author, memo) for cdr in cdrs))

    async def _book(self, cdr: Cdr, author: str, memo: str) -> Correction:
        call_id = cdr.call.call_id
        number = await self._ledger.corrections(call_id) + 1
        made = await self._cashier.submit(Correct(cdr, number, author, memo))
        if made is None:
            raise RatedMeanwhile(f"call {call_id} was charged anew by somebody else just now")
        return made
