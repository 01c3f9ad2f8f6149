"""LrnTable: ported numbers kept here, asked when SS_LRN_QUERY_MODE is Internal (RTE-24)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Row, Rows, Spec

TenDigits = Annotated[str, Field(pattern=r"^\d{10}$")]


class LrnRow(Row):
    """One ported number."""

    number: TenDigits
    lrn: TenDigits
    state: Annotated[str, Field(max_length=32)] = ""
    """State or area of the routing number; empty: by the area tables."""
    memo: Annotated[str, Field(max_length=256)] = ""

    @property
    def keys(self) -> tuple[str]:
        """Return its number."""
        return (self.number,)


class LrnTableSpec(Spec):
    """Ported numbers. Of equal numbers the later row counts, and of tables the later name."""

    rows: Annotated[Rows[LrnRow], Field(max_length=1_000_000)]
    memo: Annotated[str, Field(max_length=1024)] = ""
