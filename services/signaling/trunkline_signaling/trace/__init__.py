"""The debug trace (MGT-03): both legs, the services' decisions and drops, in one order of time."""

from .events import TraceEvent, TraceEventKind
from .filters import TraceFilter
from .tracer import Tracer

__all__ = ["TraceEvent", "TraceEventKind", "TraceFilter", "Tracer"]
