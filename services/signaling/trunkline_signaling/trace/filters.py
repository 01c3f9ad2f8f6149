"""Which events a trace is about."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .events import TraceEvent, TraceEventKind

MAX_CALLS: Final = 10_000
"""Calls that a filter remembers to have matched."""

_SIP: Final = (TraceEventKind.RECEIVED, TraceEventKind.SENT, TraceEventKind.DROPPED)


@dataclass(frozen=True)
class TraceFilter:
    """What to look for; empty fields look for everything, several for all at once."""

    ip: str = ""
    """Address of either side, as text."""
    number: str = ""
    """Caller or callee in full, as it stands in a URI."""
    call_id: str = ""
    """The call's id, or the SIP Call-ID of either leg."""
    method: str = ""
    """SIP method, for example "REGISTER"."""

    def matches(self, event: TraceEvent) -> bool:
        """Tell whether a single event is looked for."""
        return (
            (not self.ip or self.ip in (_host(event.source), _host(event.destination)))
            and (not self.number or self._number.search(event.message) is not None)
            and (not self.call_id or self._is_of_call(event))
            and (not self.method or self._method.search(event.message) is not None)
        )

    @property
    def empty(self) -> bool:
        """Tell whether it looks for everything."""
        return not (self.ip or self.number or self.call_id or self.method)

    @cached_property
    def _number(self) -> re.Pattern[bytes]:
        return re.compile(rb"(?:sips?|tel):\+?" + re.escape(self.number.encode()) + rb"[@;>]")

    @cached_property
    def _method(self) -> re.Pattern[bytes]:
        method = re.escape(self.method.encode())
        return re.compile(rb"^CSeq[ \t]*:[ \t]*\d+[ \t]+" + method + rb"[ \t]*\r?$", re.I | re.M)

    def _is_of_call(self, event: TraceEvent) -> bool:
        return event.call_id == self.call_id or self.call_id.encode() in event.message


class Selection:
    """A filter that stays with a call: once one of its events matches, all that follow do.

    So the decisions of the services and the other leg, which know no address and no number of the
    filter, are on the ladder too.
    """

    def __init__(self, wanted: TraceFilter) -> None:
        self.wanted = wanted
        self._calls: OrderedDict[str, None] = OrderedDict()

    def takes(self, event: TraceEvent) -> bool:
        """Tell whether an event belongs to the trace."""
        if event.call_id in self._calls:
            return event.kind not in _SIP or not self.wanted.method or self.wanted.matches(event)
        if not self.wanted.matches(event):
            return False
        if event.call_id and not self.wanted.empty:
            self._calls[event.call_id] = None
            if len(self._calls) > MAX_CALLS:
                self._calls.popitem(last=False)
        return True


def _host(address: str) -> str:
    host, separator, _ = address.rpartition(":")
    return host.strip("[]") if separator else address
