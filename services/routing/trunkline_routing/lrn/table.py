"""The internal tables (RTE-24)."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline_kernel.documents.rows import Rows, find_last

from ..documents.lrn_table import LrnRow
from .answers import NOT_PORTED, Answer


class LrnTable:
    """Ported numbers. Of equal ones the later row counts, and of tables the later one."""

    def __init__(self, tables: Sequence[Rows[LrnRow]] = ()) -> None:
        self._tables = tables

    def find(self, key: str) -> Answer:
        """Return the answer for ten digits; what is not in the table was not ported."""
        row = find_last(self._tables, key)
        return NOT_PORTED if row is None else Answer(row.lrn, row.state)
