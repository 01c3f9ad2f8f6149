"""Fields that are kept and read back, and that nothing obeys in this release (SIG-28, MGT-16)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Spec

from .fields import Seconds


class H323Timeouts(Spec):
    """Waits in seconds; 0 means SS_H323_TIMEOUT_*."""

    setup: Seconds = 0
    call_proceeding: Seconds = 0
    call_proceeding_olc: Seconds = 0
    alerting: Seconds = 0


class H323Policy(Spec):
    """How a gateway would speak H.323."""

    fast_start: bool = False
    h245_tunnelling: bool = False
    timeouts: H323Timeouts = H323Timeouts()


class VoiceMail(Spec):
    """Limits of a phone's box; -1 means IVR_VOICEMAIL_*."""

    expire_day: Annotated[int, Field(ge=-1, le=3650)] = -1
    max_number: Annotated[int, Field(ge=-1, le=10_000)] = -1
