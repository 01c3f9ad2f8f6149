"""Cutting what is ready into messages of a bounded size."""

from collections.abc import Iterator
from typing import Final, TypeVar

from trunkline.common.v1.multiplex_pb2 import CallFrame, ReplyFrame

MAX_BATCH_FRAMES: Final = 256
"""Frames of one message. More in one message saves nothing and delays the first of them."""

MAX_BATCH_BYTES: Final = 1 << 20
"""Bytes of frames after which a message is full. A larger single frame travels alone."""

MAX_MESSAGE_BYTES: Final = 16 << 20
"""Largest message that either side accepts, of unary calls too."""

FrameT = TypeVar("FrameT", CallFrame, ReplyFrame)


def batches(frames: list[FrameT]) -> Iterator[list[FrameT]]:
    """Yield `frames` in order, in lists that fit in one message."""
    batch: list[FrameT] = []
    size = 0
    for frame in frames:
        length = frame.ByteSize()
        if batch and (size + length > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_FRAMES):
            yield batch
            batch, size = [], 0
        batch.append(frame)
        size += length
    if batch:
        yield batch
