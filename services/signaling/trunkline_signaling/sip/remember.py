"""Parses that are remembered, because every message of a call brings the same few values."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Final, TypeVar

T = TypeVar("T")

_VALUES: Final = 4096
_MAX_LENGTH: Final = 256  # a peer's longest values shall not fill our memory


def remembered(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Wrap a parser of immutable values, so that the latest short ones are parsed once."""
    recall = lru_cache(maxsize=_VALUES)(parse)

    def parse_or_recall(text: str) -> T:
        return recall(text) if len(text) <= _MAX_LENGTH else parse(text)

    return update_wrapper(parse_or_recall, parse)
