"""The announcement a caller hears before its final status, when its side wants one (MED-10).

An audio file is named by language and call end reason, "en-no-answer"; without that file the
general one is played, "en-unable-to-connect", and without that none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from . import early_media, ending, provisional
from .call import Call
from .effects import ClearTimers, Timer
from .events import MediaLost, PlayEnded, TimerFired
from .legs import Side
from .reasons import CallEndReason, Refusal
from .services import (
    LegMedia,
    MediaConnected,
    MediaOpened,
    OpenMedia,
    Play,
    ServiceFailed,
)
from .states import TRANSITIONS, Trigger

GENERAL: Final = "unable-to-connect"
LONGEST: Final = timedelta(seconds=60)


SILENT: Final = frozenset({CallEndReason.SERVER_FORCED_RELEASE, CallEndReason.CALLER_HANGUP})
"""Ends that nobody waits to be told of."""


def begins(call: Call, refusal: Refusal) -> bool:
    """Tell the caller why its call fails, if it wants that; False when there is nothing to do."""
    if Trigger.ANNOUNCED not in TRANSITIONS[call.state] or not _wanted(call, refusal):
        return False
    call.fire(Trigger.ANNOUNCED)
    call.refusal = refusal
    call.emit(ClearTimers())
    call.set_timer(Timer.ANNOUNCEMENT, LONGEST)
    attempt = call.attempt
    if attempt is not None and attempt.outgoing is not None:
        attempt.outgoing.abandoned = True  # it has failed: a late 2xx is ended
    if call.relayed:
        _describe(call)
    elif OpenMedia not in call.waiting:
        call.ask(OpenMedia(call.id, call.settings.instance, LegMedia(), LegMedia()))
    return True


def opened(call: Call, event: MediaOpened) -> None:
    """There is a relay now."""
    call.media_instance, call.media_codecs = event.instance, event.convertible
    call.relay_a = event.leg_a
    _describe(call)


def connected(call: Call, event: MediaConnected) -> None:
    """The relay knows the caller: the announcement begins."""
    if not call.prompt:
        _play(call, _name(call, _refusal(call).reason))


def failed(call: Call, event: ServiceFailed) -> None:
    """There is no such file, or no relay: the general one, or none."""
    if event.service != "media":
        return
    call.note(f"no announcement: {event.explanation}")
    question, general = event.question, _name(call)
    if isinstance(question, Play) and event.unknown and question.audio != general:
        _play(call, general)
    else:
        _finish(call)


def over(call: Call, event: PlayEnded | TimerFired | MediaLost) -> None:
    """It was heard, or has lasted for too long, or cannot be heard any more."""
    if isinstance(event, MediaLost):
        call.media_instance = ""
    _finish(call)


def _wanted(call: Call, refusal: Refusal) -> bool:
    if refusal.reason in SILENT or refusal.extra is not None or not call.leg_a.received:
        return False  # who is told to ask otherwise does so at once
    own, general = call.leg_a.policy.prompts, call.settings.prompts
    if refusal.reason is CallEndReason.BALANCE_INSUFFICIENT:
        wanted, parameter = own.balance_not_enough, general.balance_not_enough
    else:
        wanted, parameter = own.unable_to_connect, general.unable_to_connect
    return parameter if wanted is None else wanted


def _describe(call: Call) -> None:
    """Let the caller hear the relay, which it may do already."""
    if call.leg_a.relay is not None and call.leg_a.sent:
        call.connect_media()
        return
    call.leg_a.relay = call.relay_a
    body = early_media.own_description(call, call.settings.prompts.codecs)
    if body:
        provisional.show(call, 183, body)
    else:
        call.note("no announcement: the caller offers no codec for it")
        _finish(call)


def _play(call: Call, audio: str) -> None:
    call.prompt = audio
    call.ask(Play(call.id, call.media_instance, Side.A, audio, max_duration=LONGEST))


def _name(call: Call, reason: CallEndReason | None = None) -> str:
    name = GENERAL if reason is None else reason.name.lower().replace("_", "-")
    language = call.leg_a.policy.prompts.language
    return f"{language}-{name}" if language else name


def _refusal(call: Call) -> Refusal:
    assert call.refusal is not None
    return call.refusal


def _finish(call: Call) -> None:
    ending.turn_down(call, _refusal(call))
