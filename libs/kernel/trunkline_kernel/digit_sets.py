"""Sets of dialled digits: millions of members, eight bytes each, found in constant time.

A member is a number in base 13 (digits, `*`, `#`, `+`) behind a leading one. A small set is one
sorted part; a large one is cut into 256 parts by a hash of the member, so that a look-up searches
one short part, and a change rewrites and sends one part only.
"""

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

MAX_DIGITS: Final = 17
"""Longest member: two times 13 to the 17th just fits into 64 bits. E.164 has 15 digits."""

WHOLE: Final = ""
"""Name of the only part of a small set."""

SPLIT: Final = 2048
JOIN: Final = 1024
"""A set is cut above `SPLIT` members and whole again below `JOIN`."""

_BASE: Final = 13
_TO_BASE: Final = str.maketrans("*#+", "abc")
_FROM_BASE: Final = "0123456789*#+"
_ALPHABET: Final = frozenset(_FROM_BASE)
_GOLDEN: Final = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio: spreads neighbours (Knuth 6.4)
_MASK: Final = 2**64 - 1
_PARTS: Final = tuple(f"{number:02x}" for number in range(256))


def encode(digits: str) -> int:
    """Return the code of a member. Raises `ValueError` for what is none."""
    if not 1 <= len(digits) <= MAX_DIGITS or not _ALPHABET.issuperset(digits):
        raise ValueError(f"must be 1 to {MAX_DIGITS} of 0-9, *, # and +")
    if not digits.isdecimal():
        digits = digits.translate(_TO_BASE)
    return int("1" + digits, _BASE)


def decode(code: int) -> str:
    """Return the member of a code."""
    digits = []
    while code > 1:
        code, digit = divmod(code, _BASE)
        digits.append(_FROM_BASE[digit])
    return "".join(reversed(digits))


def pack(codes: Iterable[int]) -> bytes:
    """Return sorted codes as they are stored and sent: 64 bits each, little-endian."""
    packed = array("Q", codes)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


class DigitSet:
    """One set, with its parts by name."""

    def __init__(self, members: Iterable[str] = ()) -> None:
        self._parts: dict[str, array[int]] = {}
        self._size = 0
        self.replace(members)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, digits: str) -> bool:
        try:
            code = encode(digits)
        except ValueError:
            return False
        return self._holds(WHOLE, code) or self._holds(_part_of(code), code)

    def __iter__(self) -> Iterator[str]:
        for part in self._parts.values():
            yield from map(decode, part)

    @property
    def parts(self) -> Mapping[str, bytes]:
        """Return every part as it is stored."""
        return {name: pack(part) for name, part in self._parts.items()}

    def put_part(self, name: str, packed: bytes) -> None:
        """Take over a part as it was stored. Raises `ValueError` if it is cut off."""
        part = array("Q")
        part.frombytes(packed)
        if sys.byteorder == "big":
            part.byteswap()
        self._set(name, part)

    def delete_part(self, name: str) -> None:
        """Forget a part."""
        self._set(name, ())

    def replace(self, members: Iterable[str]) -> dict[str, bytes]:
        """Hold exactly `members`; return the parts that changed, empty ones being gone."""
        return self._become({encode(each) for each in members})

    def change(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> dict[str, bytes]:
        """Add and remove members; return the parts that changed, empty ones being gone."""
        added = {encode(each) for each in add}
        removed = {encode(each) for each in remove} - added
        if not self._is_cut:
            return self._become((set(self._parts.get(WHOLE, ())) | added) - removed)
        changed = {
            name: self._set(name, sorted((set(self._parts.get(name, ())) | more) - less))
            for name, more, less in _by_part(added, removed)
        }
        return changed if self._size >= JOIN else changed | self._become(set(self._codes()))

    @property
    def _is_cut(self) -> bool:
        return self._size > 0 and WHOLE not in self._parts

    def _codes(self) -> Iterator[int]:
        for part in self._parts.values():
            yield from part

    def _become(self, codes: set[int]) -> dict[str, bytes]:
        cut = len(codes) > (JOIN if self._is_cut else SPLIT)
        wanted: defaultdict[str, list[int]] = defaultdict(list)
        for code in codes:
            wanted[_part_of(code) if cut else WHOLE].append(code)
        gone = self._parts.keys() - wanted.keys()
        # What a reader holds meanwhile is both cuts, never neither: new parts go out first.
        changed = {name: self._set(name, sorted(part)) for name, part in wanted.items()}
        return changed | {name: self._set(name, ()) for name in gone}

    def _set(self, name: str, codes: Iterable[int]) -> bytes:
        part = array("Q", codes)
        self._size += len(part) - len(self._parts.pop(name, ()))
        if part:
            self._parts[name] = part
        return pack(part)

    def _holds(self, name: str, code: int) -> bool:
        part = self._parts.get(name)
        if part is None:
            return False
        place = bisect_left(part, code)
        return place < len(part) and part[place] == code


def _part_of(code: int) -> str:
    return _PARTS[(code * _GOLDEN & _MASK) >> 56]


def _by_part(added: set[int], removed: set[int]) -> Iterator[tuple[str, set[int], set[int]]]:
    parts: defaultdict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for code in added:
        parts[_part_of(code)][0].add(code)
    for code in removed:
        parts[_part_of(code)][1].add(code)
    for name, (more, less) in parts.items():
        yield name, more, less
