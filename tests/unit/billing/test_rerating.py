"""BIL-10: two who charge a call anew at the same time correct it once."""

from types import SimpleNamespace
from typing import Any

import pytest
from trunkline_billing.cashier.work import Correct
from trunkline_billing.errors import RatedMeanwhile
from trunkline_billing.rerating import Rerater
from trunkline_billing.store.cdr_rows import StoredCdr


class Books:
    """One call's CDR and corrections. Somebody else corrects it right after the first look."""

    def __init__(self) -> None:
        self.corrected = 0

    async def find(self, call_id: str) -> StoredCdr:
        cdr: Any = SimpleNamespace(call=SimpleNamespace(call_id=call_id))
        self.corrected = 1
        return StoredCdr(7, cdr)

    async def corrections(self, call_id: str) -> int:
        before, self.corrected = self.corrected, 1
        return before

    async def submit(self, work: Correct) -> object | None:
        return None if work.number <= self.corrected else "booked"


async def test_a_call_charged_anew_meanwhile_is_not_corrected_on_its_old_charge() -> None:
    books: Any = Books()
    rerater = Rerater(books, books, books, lambda: pytest.fail("nothing is rated here"))

    with pytest.raises(RatedMeanwhile):
        await rerater.one("call-1", "ann", "wrong deck")
