"""Longest-prefix look-up over a few thousand prefixes: one dictionary, tried by length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class PrefixIndex(Generic[T]):
    """What stands at each prefix, found from the longest one down."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        by_prefix: dict[str, list[T]] = {}
        for prefix, value in entries:
            by_prefix.setdefault(prefix, []).append(value)
        self._values = {prefix: tuple(values) for prefix, values in by_prefix.items()}
        self._lengths = sorted({len(prefix) for prefix in by_prefix}, reverse=True)

    def levels(self, number: str) -> Iterator[tuple[str, tuple[T, ...]]]:
        """Yield every prefix of `number` with what stands there, the longest first."""
        for length in self._lengths:
            prefix = number[:length]
            if len(prefix) == length and (values := self._values.get(prefix)):
                yield prefix, values

    def longest(self, number: str) -> str | None:
        """Return the longest prefix of `number`, or nothing."""
        return next((prefix for prefix, _ in self.levels(number)), None)
