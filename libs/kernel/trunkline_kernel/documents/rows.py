"""Rows of a table that may have a million, packed as the JSON they are written in.

To free, compare or send a million objects holds the interpreter for a tenth of a second, and every
call with it. Packed rows are a few objects, whatever their number; a row is read when it is asked
for, found by its keys.
"""

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, Generic, TypeVar, get_args
from zlib import crc32

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .spec import Json, Spec

MOST_SHOWN: Final = 1000
"""Rows that a difference shows. Of more it tells how many there are, and their checksum."""

_PLACE_BITS: Final = 32


class Row(Spec):
    """One row of a table."""

    @property
    def keys(self) -> Sequence[str]:
        """By what the row is found."""
        return ()


RowT = TypeVar("RowT", bound=Row)


class Rows(Generic[RowT]):
    """The rows of one table in their order; as the type of a field, `Rows[Area]`."""

    __slots__ = ("_ends", "_hashes", "_places", "_row", "_text")

    def __init__(self, row: type[RowT], rows: Iterable[RowT] = ()) -> None:
        self._row = row
        self._ends = array("I")
        text, index = bytearray(), []
        for place, each in enumerate(rows):
            text += b"," if place else b""
            text += each.model_dump_json(by_alias=True, exclude_unset=True).encode()
            self._ends.append(len(text))
            index += [_hash(key) << _PLACE_BITS | place for key in each.keys]
        index.sort()
        self._text = bytes(text)
        self._hashes = array("I", (entry >> _PLACE_BITS for entry in index))
        self._places = array("I", (entry & (1 << _PLACE_BITS) - 1 for entry in index))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> RowT:
        start = self._ends[place - 1] + 1 if place else 0
        return self._row.model_validate_json(self._text[start : self._ends[place]])

    def __iter__(self) -> Iterator[RowT]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self._row is other._row and self._text == other._text

    __hash__ = None  # type: ignore[assignment]

    def find(self, key: str) -> list[tuple[int, RowT]]:
        """Return the rows of a key with their places, in their order."""
        rows = ((place, self[place]) for place in self._places_of(_hash(key)))
        return [(place, row) for place, row in rows if key in row.keys]

    def alike(self) -> Iterator[tuple[int, RowT]]:
        """Yield the rows that share a key, and few others, with their places."""
        twice = (one for one, next_ in pairwise(self._hashes) if one == next_)
        yield from self._hashed(set(twice))

    def shared(self, other: "Rows[RowT]") -> Iterator[tuple[int, RowT]]:
        """Yield the rows that share a key with one of `other`, and few others."""
        yield from self._hashed(set(self._hashes).intersection(other._hashes))

    def _hashed(self, hashes: set[int]) -> Iterator[tuple[int, RowT]]:
        places = {place for each in hashes for place in self._places_of(each)}
        return ((place, self[place]) for place in sorted(places))

    def _places_of(self, wanted: int) -> Sequence[int]:
        start, end = bisect_left(self._hashes, wanted), bisect_right(self._hashes, wanted)
        return self._places[start:end]

    @property
    def text(self) -> str:
        """The rows as JSON, without the brackets around them: a copy less of megabytes."""
        return self._text.decode()

    @property
    def shown(self) -> Json:
        """The rows as a difference shows them."""
        if len(self) > MOST_SHOWN:
            return {"rows": len(self), "crc32": f"{crc32(self._text):08x}"}
        return json.loads(f"[{self.text}]")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (row,) = get_args(source)

        def pack(value: Any, read: core_schema.ValidatorFunctionWrapHandler) -> "Rows[Any]":
            return value if isinstance(value, Rows) else cls(row, read(value))

        rows = core_schema.tuple_variable_schema(handler.generate_schema(row))
        return core_schema.no_info_wrap_validator_function(pack, rows)


def find_last(tables: Sequence[Rows[RowT]], key: str) -> RowT | None:
    """Return the row of a key: of several the later one, and that of the later table."""
    for rows in reversed(tables):
        if found := rows.find(key):
            return found[-1][1]
    return None


def _hash(key: str) -> int:
    return crc32(key.encode())
