"""Which module takes which event in which state: the whole of a call on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from . import (
    admission,
    announcement,
    answer,
    attempts,
    audibility,
    digits,
    early_media,
    early_requests,
    ending,
    established,
    failover,
    money,
    preparation,
    provisional,
    refresh,
    replacement,
    ring_tone,
    session_id,
    setup,
    transfer,
)
from .call import Call
from .effects import Effect, Timer
from .events import (
    AckMissing,
    AckReceived,
    AudioBack,
    AudioMissing,
    CancelReceived,
    CdrStored,
    Digit,
    Event,
    FirstPacket,
    HangUp,
    MediaLost,
    PlayEnded,
    PrackMissing,
    Replaced,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    Silence,
    TimerFired,
)
from .services import (
    Admit,
    Allowed,
    Authorize,
    Authorized,
    Blacklisted,
    Challenged,
    CloseMedia,
    ConnectMedia,
    Dropped,
    Exhausted,
    Extend,
    Extended,
    Locate,
    Located,
    MediaClosed,
    MediaConnected,
    MediaOpened,
    NextCandidate,
    NextFound,
    OpenMedia,
    Play,
    Question,
    Rejected,
    Route,
    Routed,
    Screen,
    Screened,
    ServiceFailed,
    Unpayable,
    Unroutable,
)
from .states import State

Handler = Callable[[Call, Any], None]

_UNANSWERED: Final[Mapping[type, Handler]] = {
    CancelReceived: ending.cancelled,
    HangUp: ending.released_by_operator,
    RequestReceived: early_requests.received,
    ResponseReceived: attempts.late_response,
    Extended: money.extended,
    MediaLost: ending.media_lost,
    FirstPacket: attempts.packet_received,
    PrackMissing: provisional.unacknowledged,
    MediaConnected: early_media.connected,
}
"""What can happen at any time before the answer."""

HANDLERS: Final[Mapping[State, Mapping[type, Handler]]] = {
    State.ADMITTING: {
        **_UNANSWERED,
        Allowed: admission.admitted,
        Challenged: admission.challenged,
        Rejected: admission.rejected,
        Dropped: admission.dropped,
    },
    State.ROUTING: {
        **_UNANSWERED,
        Routed: setup.routed,
        Unroutable: setup.unroutable,
    },
    State.PREPARING: {
        **_UNANSWERED,
        Authorized: setup.authorized,
        Unpayable: setup.unpayable,
        Located: preparation.located,
        Screened: setup.screened,
        Blacklisted: setup.blacklisted,
        MediaOpened: preparation.media_opened,
    },
    State.INVITING: {
        **_UNANSWERED,
        Digit: digits.heard,
        ResponseReceived: attempts.response_received,
        RequestFailed: attempts.request_failed,
    },
    State.SWITCHING: {
        **_UNANSWERED,
        NextFound: failover.next_found,
        Exhausted: failover.exhausted,
    },
    State.ANNOUNCING: {
        **_UNANSWERED,
        MediaOpened: announcement.opened,
        MediaConnected: announcement.connected,
        PlayEnded: announcement.over,
        MediaLost: announcement.over,
        ServiceFailed: announcement.failed,
    },
    State.CONNECTED: {
        AckReceived: answer.acknowledged,
        AckMissing: ending.unacknowledged,
        PrackMissing: provisional.unacknowledged,
        RequestReceived: established.request_received,
        ResponseReceived: established.response_received,
        RequestFailed: established.request_failed,
        CancelReceived: established.cancelled,
        Extended: money.extended,
        Digit: digits.heard,
        Silence: ending.silent,
        AudioMissing: audibility.missing,
        AudioBack: audibility.back,
        MediaLost: ending.media_lost,
        HangUp: ending.released_by_operator,
        Replaced: replacement.replaced,
    },
    State.ENDING: {
        ResponseReceived: attempts.late_response,
        RequestReceived: ending.crossed,
        MediaOpened: ending.media_opened_late,
        MediaClosed: ending.media_closed,
        CdrStored: ending.stored,
        Routed: ending.write_when_complete,
        Unroutable: ending.write_when_complete,
        NextFound: ending.write_when_complete,
        Exhausted: ending.write_when_complete,
        Authorized: ending.write_when_complete,
        Unpayable: ending.write_when_complete,
        Located: ending.write_when_complete,
        Screened: ending.write_when_complete,
        Blacklisted: ending.not_seated,
        ServiceFailed: ending.write_when_complete,
    },
    State.ENDED: {
        ResponseReceived: attempts.late_response,
        RequestReceived: ending.crossed,
    },
}
"""An event that is not here means nothing in that state."""

TIMERS: Final[Mapping[Timer, Handler]] = {
    Timer.PROGRESS: attempts.progress_timed_out,
    Timer.SETUP: setup.setup_timed_out,
    Timer.EXTEND: money.extend,
    Timer.MONEY: money.used_up,
    Timer.RING_TONE: ring_tone.due,
    Timer.ANNOUNCEMENT: announcement.over,
    Timer.DURATION: money.too_long,
    Timer.NO_TIMER: refresh.too_long_without,
    Timer.REFRESH_A: refresh.due,
    Timer.REFRESH_B: refresh.due,
    Timer.EXPIRY_A: refresh.expired,
    Timer.EXPIRY_B: refresh.expired,
    Timer.RECONNECT: transfer.reconnect,
}

FAILURES: Final[Mapping[type[Question], Handler]] = {
    Admit: setup.unavailable,
    Route: setup.unavailable,
    NextCandidate: setup.unavailable,
    Authorize: setup.unavailable,
    Locate: setup.unavailable,
    Screen: setup.screen_failed,
    OpenMedia: preparation.media_failed,
    ConnectMedia: established.media_failed,
    Extend: money.extend_failed,
    Play: early_media.not_played,
}
"""What becomes of a call when a service does not answer (specification, section 0.9)."""

_ANSWERED: Final[Mapping[type, type[Question]]] = {
    Routed: Route,
    Unroutable: Route,
    NextFound: NextCandidate,
    Exhausted: NextCandidate,
    Authorized: Authorize,
    Unpayable: Authorize,
    Located: Locate,
    Screened: Screen,
    Blacklisted: Screen,
    MediaOpened: OpenMedia,
    MediaClosed: CloseMedia,
}


def handle(call: Call, event: Event, now: float) -> list[Effect]:
    """Move a call by one event; return what is to be done, in order."""
    call.now = now
    session_id.note(call, event)
    if isinstance(event, ServiceFailed):
        call.waiting.discard(type(event.question))
    elif (question := _ANSWERED.get(type(event))) is not None:
        call.waiting.discard(question)
    handler = _handler(call.state, event)
    if handler is not None:
        handler(call, event)
    effects, call.effects = call.effects, []
    session_id.stamp(call, effects)
    return effects


def _handler(state: State, event: Event) -> Handler | None:
    handler = HANDLERS[state].get(type(event))
    if handler is not None or state is State.ENDED or state is State.ENDING:
        return handler
    match event:
        case TimerFired(timer):
            return TIMERS[timer]
        case ServiceFailed(question=question):
            return FAILURES.get(type(question))
        case _:
            return None
