"""The durable way of a CDR from the end of its call to billing (BIL-10)."""

from .outbox import Outbox, Waiting
from .settler import Settler

__all__ = ["Outbox", "Settler", "Waiting"]
