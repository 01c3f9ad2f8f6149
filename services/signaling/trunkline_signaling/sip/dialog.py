"""A dialog (RFC 3261 section 12): what two peers share, and the messages built from it.

It holds no timer and sends nothing: `DialogLayer` does.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ._wire import Dialog

__all__ = ["Dialog", "DialogId", "DialogState"]


class DialogState(Enum):
    """How far a dialog has come."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class DialogId(NamedTuple):
    """What finds a dialog. A peer of RFC 2543 may have no tag: then its own is ""."""

    call_id: str
    local_tag: str
    remote_tag: str
