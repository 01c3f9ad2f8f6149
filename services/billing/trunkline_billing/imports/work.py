"""What a file makes of a deck, worked out piece by piece: seconds of it go on beside the calls.

The file and the deck come in pieces, and so does the deck as it would be: taking one over costs the
loop a few milliseconds at a time.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from trunkline_kernel.progress import Progress, Stage
from trunkline_kernel.sheets import SAMPLE_LINES, text_of, unpack

from ..money import Currency
from ..rating.columns import Columns
from ..rating.deck import Gathering, Price, RateDeck
from .comparison import MOST_DIFFERENCES, Comparison, Difference, Mode
from .dialect import Dialect, detect
from .reader import LineError, read
from .tally import Counts

BYTES: Final = 1 << 18
PRICES: Final = 200
DIGITS: Final = 20
"""How much of a file or a deck makes a piece."""
STEP: Final = 10_000
"""Rows from one word of progress to the next."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with the pieces that follow."""

    group: str
    currency: Currency | None
    mode: Mode
    packed: bool
    """Whether the file is packed by gzip."""
    strict: bool
    """Whether one line that gives no rate stops everything."""
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What an import changes, or would change."""

    dialect: Dialect
    counts: Counts
    differences: Sequence[Difference]
    """The first of them, at most `MOST_DIFFERENCES`."""
    errors: Sequence[LineError]
    """The first of them, at most `MOST_DIFFERENCES`."""
    holds: bool
    """Whether the deck follows, to be taken over."""


@dataclass(slots=True)
class DeckPieces:
    """A deck on its way: prices, and columns by leading digits."""

    prices: list[Price] = field(default_factory=list)
    columns: dict[str, Columns] = field(default_factory=dict)

    def take(self, prices: Sequence[Price], columns: Mapping[str, Columns]) -> None:
        """Add a piece."""
        self.prices.extend(prices)
        self.columns.update(columns)


@dataclass(frozen=True, slots=True)
class DeckPiece:
    """A part of a deck."""

    prices: Sequence[Price] = ()
    columns: Mapping[str, Columns] = field(default_factory=dict)


Piece = Job | bytes | DeckPiece
Result = Progress | Report | DeckPiece


def pieces_of(job: Job, content: bytes, present: RateDeck) -> Iterator[Piece]:
    """Yield what `work_out` needs."""
    yield job
    for start in range(0, len(content), BYTES):
        yield content[start : start + BYTES]
    yield from deck_pieces(present)


def deck_pieces(deck: RateDeck) -> Iterator[DeckPiece]:
    """Yield a deck in parts that are made and read in a few milliseconds."""
    for start in range(0, len(deck.prices), PRICES):
        yield DeckPiece(prices=deck.prices[start : start + PRICES])
    rest = iter(deck.columns.items())
    while part := dict(islice(rest, DIGITS)):
        yield DeckPiece(columns=part)


def work_out(pieces: Iterator[Piece]) -> Iterator[Result]:
    """Read and compare; yield progress, the report, and the deck when it is to be taken over.

    Raises `BadFile` and `UnreadableFile`.
    """
    job, content, present = _receive(pieces)
    text = text_of(unpack(content) if job.packed else content)
    reading = _Reading(text)
    yield from reading.rows(text)
    fresh = RateDeck.packed(job.group, reading.rates.prices, reading.rates.columns())
    comparison = Comparison(present, fresh, job.mode)
    yield from _compare(comparison, len(present) + len(fresh))
    counts = comparison.counts(reading.bad)
    holds = bool(counts.changes) and not job.dry_run and not (job.strict and reading.bad)
    yield Report(reading.dialect, counts, comparison.differences, reading.errors, holds)
    if holds:
        yield from deck_pieces(comparison.deck())


def _receive(pieces: Iterator[Piece]) -> tuple[Job, bytes, RateDeck]:
    job = next(pieces)
    assert isinstance(job, Job)
    content, deck = bytearray(), DeckPieces()
    for piece in pieces:
        if isinstance(piece, bytes):
            content += piece
        elif isinstance(piece, DeckPiece):
            deck.take(piece.prices, piece.columns)
    return job, bytes(content), RateDeck.packed(job.group, deck.prices, deck.columns, job.currency)


class _Reading:
    """The rates of a file, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        self.dialect = detect(list(islice(_lines(text), SAMPLE_LINES)))
        self.rates = Gathering()
        self.errors: list[LineError] = []
        self.bad = 0

    def rows(self, text: str) -> Iterator[Progress]:
        total = text.count("\n") + 1
        for count, row in enumerate(read(_lines(text), self.dialect)):
            if isinstance(row, LineError):
                self._note(row)
            else:
                self.rates.put(row)
            if not count % STEP:
                yield Progress(Stage.READ, min(count, total), total)
        yield Progress(Stage.READ, total, total)

    def _note(self, error: LineError) -> None:
        self.bad += 1
        if len(self.errors) < MOST_DIFFERENCES:
            self.errors.append(error)


def _compare(comparison: Comparison, total: int) -> Iterator[Progress]:
    done = told = 0
    for digits in comparison.digits:
        done += comparison.take(digits)
        if done - told >= STEP:
            yield Progress(Stage.CHECKED, done, total)
            told = done
    yield Progress(Stage.CHECKED, total, total)


def _lines(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="\n")
