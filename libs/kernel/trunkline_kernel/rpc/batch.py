"""Cutting what is ready into messages of a bounded size."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

MAX_BATCH_FRAMES: Final = 256
"""Frames of one message. More in one message saves nothing and delays the first of them."""

MAX_BATCH_BYTES: Final = 1 << 20
"""Bytes of frames after which a message is full. A larger single frame travels alone."""

MAX_MESSAGE_BYTES: Final = 16 << 20
"""Largest message that either side accepts, of unary calls too."""

ItemT = TypeVar("ItemT")


def batches(items: list[ItemT], size_of: Callable[[ItemT], int]) -> Iterator[list[ItemT]]:
    """Yield `items` in order, in lists that fit in one message."""
    batch: list[ItemT] = []
    total = 0
    for item in items:
        size = size_of(item)
        if batch and (total + size > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_FRAMES):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size
    if batch:
        yield batch
