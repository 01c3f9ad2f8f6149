"""Work of seconds on millions of rows, in a process of its own: no call waits for it.

A thread would share the interpreter with the calls. The work is a plain function from an iterator
to an iterator, so both sides pass on what they have piece by piece; keep pieces small, since one is
packed or unpacked in one go. A process costs a good half second: what is small is done in a thread.
"""

import asyncio
import pickle
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, BinaryIO, Final, TypeVar

from .faults import Fault, TrunklineError

FedT = TypeVar("FedT")
MadeT = TypeVar("MadeT")

Work = Callable[[Iterator[FedT]], Iterator[MadeT]]
"""A function of a module, which a new process can import."""

HEADER: Final = struct.Struct(">Q")


class WorkLost(TrunklineError):
    """The process that did the work is gone: out of memory, most likely."""

    fault = Fault.UNAVAILABLE
    reason = "WORK_LOST"


class End:
    """Says that no piece follows."""


@asynccontextmanager
async def beside(
    work: Work[FedT, MadeT], fed: Iterable[FedT], *, large: bool
) -> AsyncIterator[AsyncIterator[MadeT]]:
    """Give what `work` makes of `fed` while the block lasts; leaving the block stops the work.

    Raises what `work` raises, or `WorkLost`. `fed` is gone through in a thread.
    """
    if not large:
        yield _iterate(work(iter(fed)))
        return
    process = await asyncio.to_thread(_start)
    feeding = asyncio.create_task(
        asyncio.to_thread(_feed, process.stdin, chain([work], fed, [End()]))
    )
    try:
        yield _iterate(read_pieces(process.stdout))
    finally:
        process.kill()
        await asyncio.wait([feeding])
        await asyncio.to_thread(process.communicate)


def write_piece(file: BinaryIO, piece: object) -> None:
    """Write one piece for the other side."""
    packed = pickle.dumps(piece, pickle.HIGHEST_PROTOCOL)
    file.write(HEADER.pack(len(packed)) + packed)
    file.flush()


def read_pieces(file: BinaryIO) -> Iterator[Any]:
    """Yield the pieces that the other side wrote. Raises `WorkLost`, or an error it wrote."""
    while True:
        header = file.read(HEADER.size)
        if len(header) < HEADER.size:
            raise WorkLost("the process that did the work is gone")
        piece = pickle.loads(file.read(*HEADER.unpack(header)))  # noqa: S301 - from this program
        if isinstance(piece, End):
            return
        if isinstance(piece, Exception):
            raise piece
        yield piece


def _start() -> Any:
    command = (sys.executable, "-m", "trunkline_kernel.worker")
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def _feed(file: BinaryIO, pieces: Iterable[object]) -> None:
    try:
        for piece in pieces:
            write_piece(file, piece)
    except BrokenPipeError:
        pass  # whoever reads what is made learns that the process is gone


async def _iterate(made: Iterator[MadeT]) -> AsyncIterator[MadeT]:
    """Go through `made` in threads."""
    while (piece := await asyncio.to_thread(next, made, None)) is not None:
        yield piece
