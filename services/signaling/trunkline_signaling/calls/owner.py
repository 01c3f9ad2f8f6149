"""Which instance a dialog belongs to: the end of the tag that we gave it says so (ADR 16)."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2s
from typing import Final

MARK_BYTES: Final = 4


@lru_cache
def mark_of(instance: str) -> str:
    """Return what the tags of an instance end in: eight hexadecimal digits."""
    return blake2s(instance.encode(), digest_size=MARK_BYTES).hexdigest()


def mark_in(tag: str) -> str:
    """Return the mark of the instance that has made a tag."""
    return tag[-2 * MARK_BYTES :]
