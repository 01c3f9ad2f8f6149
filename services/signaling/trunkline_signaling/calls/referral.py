"""What is known of a transfer while it is under way (SIG-21)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..sip.transactions import ServerTransaction
from .effects import Outgoing
from .legs import Leg
from .policy import LegPolicy

INNER_POLICY: Final = LegPolicy(codec_conversion=True)
"""Of a leg to another call of ours: the policies are at its far side."""


class TransferState(Enum):
    """How far the last transfer of a call has come."""

    NONE = "none"
    TRANSFERRING = "transferring"
    TRANSFERRED = "transferred"
    FAILED = "failed"
    CANCELLED = "cancelled"

    __hash__ = object.__hash__


@dataclass(slots=True, eq=False)
class Transfer:
    """A REFER that was accepted, until the new leg talks to the one who stays."""

    transferor: Leg
    refer_cseq: int
    """Tells this subscription from others in the dialog (RFC 3515 section 2.4.6)."""
    leg: Leg
    """The one that takes the transferor's place."""
    invite: Outgoing
    """To the new leg."""
    told: int = 100
    """Status of the last NOTIFY."""
    gone: bool = False
    """The transferor did not wait for the outcome."""
    reconnect: Outgoing | None = None
    """Our re-INVITE to the one who stays: the new leg has answered."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A leg that another call of ours takes the place of (RFC 3891), until the far side agrees."""

    old: Leg
    new: Leg
    transaction: ServerTransaction
    """Of the INVITE with Replaces."""
