"""The auxiliary ring tone (MED-11): what a caller hears whose vendor stays silent for too long.

It counts neither as SDP nor as RTP of the vendor, so the rules of failover don't see it.
"""

from __future__ import annotations

from . import early_media, provisional
from .call import Call
from .effects import Timer
from .events import TimerFired
from .live_attempt import LiveAttempt
from .states import State


def wait(call: Call, attempt: LiveAttempt) -> None:
    """Begin to wait, with the INVITE."""
    tone = attempt.candidate.leg_b.ring_tone
    if tone is not None:
        call.set_timer(Timer.RING_TONE, tone.delay)


def stop(call: Call, attempt: LiveAttempt) -> None:
    """Stop waiting and playing: the vendor has answered, or failed."""
    early_media.silence(call)
    if attempt.candidate.leg_b.ring_tone is not None:
        call.clear_timer(Timer.RING_TONE)


def due(call: Call, event: TimerFired) -> None:
    """Play it, unless the vendor has sent media or a description of it by now."""
    attempt = call.attempt
    if call.state is not State.INVITING or attempt is None or call.tone:
        return
    if attempt.sdp or attempt.rtp:
        return
    tone = attempt.candidate.leg_b.ring_tone
    assert tone is not None
    if call.leg_a.relay is not None and call.leg_a.sent:
        early_media.ring(call, tone.audio)
        early_media.play(call)
    elif body := early_media.own_description(call):
        early_media.ring(call, tone.audio)
        provisional.show(call, 183, body)
    else:
        call.note("no ring tone: the caller's media is not relayed, or in no codec of the relay")
