"""SIP messages and decisions of a call as a ladder: one lane for each party, time going down.

Pure: events in, styled lines out. Parties that send to the switch first stand left of it, those it
sends to first stand right, each in the order in which they appear.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from textwrap import wrap
from typing import Final

from rich.text import Text

TIME_WIDTH: Final = 12
MIN_LANE_WIDTH: Final = 20
MAX_LANE_WIDTH: Final = 32
MIN_NOTE_WIDTH: Final = 40
SWITCH: Final = "trunkline"
IN_DIALOG: Final = {"ACK", "BYE", "CANCEL", "PRACK"}
"""Methods whose Request-URI tells nothing that the lane doesn't."""
SDP_START: Final = b"\r\n\r\nv=0"


class Kind(StrEnum):
    """What an event is."""

    RECEIVED = "received"
    SENT = "sent"
    DECISION = "decision"
    DROPPED = "dropped"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the ladder."""

    time: datetime
    kind: Kind
    peer: str
    """The other party of a message, or the service that decided."""
    summary: str
    """Start line of a message, or the decision in words."""
    call_id: str = ""
    has_sdp: bool = False

    @property
    def is_message(self) -> bool:
        """Whether it is an arrow between two lanes."""
        return self.kind in (Kind.RECEIVED, Kind.SENT)


class Lanes:
    """The parties from left to right, the switch among them."""

    def __init__(self) -> None:
        self._left: list[str] = []
        self._right: list[str] = []

    def add(self, event: Event) -> bool:
        """Give the event's party a lane. Return whether it is a new one."""
        if not event.is_message or event.peer in self._left or event.peer in self._right:
            return False
        (self._left if event.kind is Kind.RECEIVED else self._right).append(event.peer)
        return True

    @property
    def names(self) -> list[str]:
        """All lanes from left to right."""
        return [*self._left, SWITCH, *self._right]


def draw(events: Sequence[Event], width: int = 100) -> list[Text]:
    """Return the ladder of events in their time order, its lanes fitted to `width` columns."""
    lanes = Lanes()
    ordered = sorted(events, key=lambda event: event.time)
    for event in ordered:
        lanes.add(event)
    ladder = Ladder(lanes.names, width)
    lines = [line for event in ordered for line in ladder.lines(event)]
    return [*ladder.header(), *lines]


class LiveLadder:
    """A ladder that is drawn while it happens: a new head whenever a party joins."""

    def __init__(self, width: int = 100) -> None:
        self._width = width
        self._lanes = Lanes()
        self._ladder = Ladder(self._lanes.names, width)
        self._call_id = ""

    def add(self, event: Event) -> Iterator[Text]:
        """Yield the lines that an event adds."""
        if self._lanes.add(event):
            self._ladder = Ladder(self._lanes.names, self._width)
            yield Text()
            yield from self._ladder.header()
        if event.call_id and event.call_id != self._call_id:
            self._call_id = event.call_id
            yield Text(f"{'':{TIME_WIDTH}}  call {event.call_id}", "dim")
        yield from self._ladder.lines(event)


class Ladder:
    """Draws single lines between fixed lanes."""

    def __init__(self, names: Sequence[str], width: int) -> None:
        self._names = list(names)
        room = (width - TIME_WIDTH) // max(len(names), 1)
        self._lane = min(max(room, MIN_LANE_WIDTH), MAX_LANE_WIDTH)
        self._width = width

    def header(self) -> Iterator[Text]:
        """Yield the names of the lanes and a row of their lines."""
        names = "".join(_fit(name, self._lane - 2).center(self._lane) for name in self._names)
        yield Text(" " * TIME_WIDTH + names.rstrip(), "bold")
        yield Text(" " * TIME_WIDTH) + Text("".join(self._bars()).rstrip(), "dim")

    def lines(self, event: Event) -> Iterator[Text]:
        """Yield the lines of one event: one, or more for long words. Its party must have a lane."""
        clock = Text(f"{event.time:%H:%M:%S.%f}"[:TIME_WIDTH], "dim")
        if event.is_message:
            yield clock + self._arrow(event)
            return
        for note in self._notes(event):
            yield clock + note
            clock = Text(" " * TIME_WIDTH)

    def _bars(self) -> list[str]:
        cells = [" "] * (self._lane * len(self._names))
        for index in range(len(self._names)):
            cells[self._column(index)] = "│"
        return cells

    def _column(self, lane: int) -> int:
        return lane * self._lane + self._lane // 2

    def _arrow(self, event: Event) -> Text:
        switch, peer = self._names.index(SWITCH), self._names.index(event.peer)
        left, right = sorted((self._column(switch), self._column(peer)))
        points_right = (peer < switch) == (event.kind is Kind.RECEIVED)
        cells = self._bars()
        label = f" {_label(event, right - left - 5)} "
        shaft = label.center(right - left - 2, "─")
        cells[left + 1 : right] = shaft + "▶" if points_right else "◀" + shaft
        line = Text("".join(cells[:left])).append("│", "dim")
        line.append("".join(cells[left + 1 : right]), _style(event))
        return line.append("".join(cells[right:]).rstrip())

    def _notes(self, event: Event) -> Iterator[Text]:
        column = self._column(self._names.index(SWITCH))
        before = "".join(self._bars()[:column])
        mark = {Kind.DROPPED: "✗", Kind.EVENT: "•"}.get(event.kind, "◆")
        who = f"{event.peer}: " if event.peer else ""
        room = max(self._width - TIME_WIDTH - column - 2, MIN_NOTE_WIDTH)
        for index, line in enumerate(wrap(who + event.summary, room)):
            said = line if index else line.removeprefix(who)
            note = Text(before).append(
                "│ " if index else f"{mark} {who}", "dim" if index else "magenta"
            )
            yield note.append(said, _style(event))


def _label(event: Event, width: int) -> str:
    """Return status and phrase, or method and number; with SDP mentioned where there is room."""
    start, _, rest = event.summary.removeprefix("SIP/2.0 ").partition(" ")
    if start in IN_DIALOG:
        rest = ""
    elif not start.isdigit():
        rest = rest.partition(" ")[0].partition("@")[0].removeprefix("sip:").removeprefix("sips:")
    label = f"{start} {rest}".rstrip()
    mention = " (SDP)" if event.has_sdp else ""
    return label + mention if len(label + mention) <= width else _fit(label, width)


def _style(event: Event) -> str:
    status = event.summary.removeprefix("SIP/2.0 ")[:3]
    if event.kind is Kind.DROPPED or (status.isdigit() and status >= "400"):
        return "red"
    if status.isdigit():
        return "green" if status >= "200" else "yellow"
    return "cyan" if event.is_message else "default"


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def plain(lines: Iterable[Text]) -> str:
    """Return lines without their colours."""
    return "\n".join(line.plain.rstrip() for line in lines)
