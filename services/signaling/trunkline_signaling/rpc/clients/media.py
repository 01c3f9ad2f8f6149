"""The client of one media instance. `shell.media_pool` decides which one takes a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.faults import TrunklineError
from trunkline_kernel.rpc import Channel, method_of

from ...calls.cdr import MediaStatistics
from ...calls.encryption import Cipher, PayloadEncryption, Protection, SrtpKeys
from ...calls.events import (
    AudioBack,
    AudioMissing,
    Digit,
    FirstPacket,
    MediaLost,
    PlayEnded,
    Silence,
)
from ...calls.formats import PayloadFormat, codec_name
from ...calls.legs import Side
from ...calls.media_policy import DtmfForm
from ...calls.policy import MediaCheck
from ...calls.services import (
    CloseMedia,
    ConnectMedia,
    DigitsSent,
    LegDtmf,
    LegMedia,
    MediaClosed,
    MediaConnected,
    MediaLoad,
    MediaOpened,
    OpenMedia,
    Plain,
    Play,
    PlayBegun,
    PlayStopped,
    SendDigits,
    ServiceError,
    StopPlay,
)
from ...sip.sdp import Direction
from .shared import (
    ask,
    decode_address,
    decode_statistics,
    decode_stream,
    decode_time,
    encode_span,
    set_address,
    set_span,
)

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["MediaService"]
OPEN: Final = method_of(_SERVICE, "Open", pb.OpenRequest, pb.OpenResponse, idempotent=True)
CONNECT: Final = method_of(
    _SERVICE, "Connect", pb.ConnectRequest, pb.ConnectResponse, idempotent=True
)
CLOSE: Final = method_of(_SERVICE, "Close", pb.CloseRequest, pb.CloseResponse, idempotent=True)
SEND_DIGITS: Final = method_of(
    _SERVICE, "SendDigits", pb.SendDigitsRequest, pb.SendDigitsResponse, idempotent=False
)
PLAY: Final = method_of(_SERVICE, "Play", pb.PlayRequest, pb.PlayResponse, idempotent=False)
STOP_PLAY: Final = method_of(
    _SERVICE, "StopPlay", pb.StopPlayRequest, pb.StopPlayResponse, idempotent=True
)
LOAD: Final = method_of(_SERVICE, "Load", pb.LoadRequest, pb.LoadResponse, idempotent=True)
RENEW_LEASES: Final = method_of(
    _SERVICE, "RenewLeases", pb.RenewLeasesRequest, pb.RenewLeasesResponse, idempotent=True
)
EVENTS: Final = method_of(_SERVICE, "Events", pb.EventsRequest, pb.EventsResponse, idempotent=False)

STATISTICS: Final = method_of(
    _SERVICE, "Statistics", pb.StatisticsRequest, pb.StatisticsResponse, idempotent=True
)

_DIRECTIONS: Final[Mapping[Direction, pb.Direction.ValueType]] = {
    Direction.SENDRECV: pb.DIRECTION_SENDRECV,
    Direction.SENDONLY: pb.DIRECTION_SENDONLY,
    Direction.RECVONLY: pb.DIRECTION_RECVONLY,
    Direction.INACTIVE: pb.DIRECTION_INACTIVE,
}
_CHECKS: Final[Mapping[MediaCheck, pb.MediaCheck.ValueType]] = {
    MediaCheck.NONE: pb.MEDIA_CHECK_NONE,
    MediaCheck.SENT: pb.MEDIA_CHECK_SENT,
    MediaCheck.RECEIVED: pb.MEDIA_CHECK_RECEIVED,
    MediaCheck.BOTH: pb.MEDIA_CHECK_BOTH,
}
_DECODED_CHECKS: Final = {value: check for check, value in _CHECKS.items()}

_CIPHERS: Final[Mapping[Cipher, pb.PayloadCipher.ValueType]] = {
    Cipher.XOR: pb.PAYLOAD_CIPHER_XOR,
    Cipher.RC4: pb.PAYLOAD_CIPHER_RC4,
    Cipher.AES128: pb.PAYLOAD_CIPHER_AES128,
}
_LEGS: Final[Mapping[Side, pb.LegName.ValueType]] = {
    Side.A: pb.LEG_NAME_A,
    Side.B: pb.LEG_NAME_B,
}
_KEY_FORMS: Final[Mapping[int, DtmfForm]] = {
    pb.DTMF_FORM_RFC4733: DtmfForm.RFC4733,
    pb.DTMF_FORM_INBAND: DtmfForm.INBAND,
}

MOST_LISTS: Final = 1024
"""Lists of formats that are kept: more than gateways and makes of phones are busy at a time."""

MediaEvent = FirstPacket | Silence | AudioMissing | AudioBack | Digit | PlayEnded | MediaLost


class MediaClient:
    """One media instance, as `MediaPool` uses it. Every method raises `ServiceError`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def open(self, question: OpenMedia, epoch: str) -> MediaOpened:
        """Open a session."""
        request = pb.OpenRequest(
            session_id=question.call_id,
            owner=question.owner,
            record=question.record,
            epoch=epoch,
        )
        _set_leg(request.leg_a, question.leg_a)
        _set_leg(request.leg_b, question.leg_b)
        response = await ask(self._channel, OPEN, request, question.call_id)
        return MediaOpened(
            response.media_instance,
            decode_address(response.leg_a.rtp),
            decode_address(response.leg_b.rtp),
            tuple(map(codec_name, response.convertible_codecs)),
        )

    async def connect(self, question: ConnectMedia) -> MediaConnected:
        """Change legs."""
        request = pb.ConnectRequest(session_id=question.call_id, answered=question.answered)
        if question.leg_a is not None:
            _set_leg(request.leg_a, question.leg_a)
        if question.leg_b is not None:
            _set_leg(request.leg_b, question.leg_b)
        await ask(self._channel, CONNECT, request, question.call_id)
        return MediaConnected()

    async def close(self, question: CloseMedia) -> MediaClosed:
        """End a session."""
        request = pb.CloseRequest(session_id=question.call_id)
        response = await ask(self._channel, CLOSE, request, question.call_id)
        if not response.HasField("statistics"):
            return MediaClosed()
        return MediaClosed(decode_statistics(response.statistics))

    async def statistics(self, call_ids: Sequence[str]) -> Mapping[str, MediaStatistics]:
        """Return what the legs of open sessions have sent so far; of at most 1,000."""
        request = pb.StatisticsRequest(session_ids=call_ids)
        response = await ask(self._channel, STATISTICS, request)
        return {
            each.session_id: MediaStatistics(
                decode_stream(each.leg_a.received), decode_stream(each.leg_b.received)
            )
            for each in response.sessions
        }

    async def send_digits(self, question: SendDigits) -> DigitsSent:
        """Send keys to a leg."""
        request = pb.SendDigitsRequest(
            session_id=question.call_id,
            leg=_LEGS[question.side],
            digits=question.digits,
            digit_duration=encode_span(question.duration),
        )
        await ask(self._channel, SEND_DIGITS, request, question.call_id)
        return DigitsSent()

    async def play(self, question: Play) -> PlayBegun:
        """Play to a leg."""
        request = pb.PlayRequest(
            session_id=question.call_id,
            leg=_LEGS[question.side],
            audio=question.audio,
            loop=question.loop,
        )
        if question.max_duration is not None:
            set_span(request.max_duration, question.max_duration)
        response = await ask(self._channel, PLAY, request, question.call_id)
        return PlayBegun(response.length.ToTimedelta())

    async def stop_play(self, question: StopPlay) -> PlayStopped:
        """Play nothing to a leg."""
        request = pb.StopPlayRequest(session_id=question.call_id, leg=_LEGS[question.side])
        await ask(self._channel, STOP_PLAY, request, question.call_id)
        return PlayStopped()

    async def load(self) -> MediaLoad:
        """Return how busy it is."""
        load = await ask(self._channel, LOAD, pb.LoadRequest())
        return MediaLoad(
            load.media_instance, load.sessions, load.capacity, load.busy, load.draining
        )

    async def renew_leases(self, owner: str, epoch: str) -> int:
        """Keep the owner's sessions for 30 s; return how many it has there."""
        request = pb.RenewLeasesRequest(owner=owner, epoch=epoch)
        return (await ask(self._channel, RENEW_LEASES, request)).sessions

    async def events(self, owner: str) -> AsyncIterator[tuple[str, MediaEvent]]:
        """Yield what happens on the owner's sessions, with the call's id."""
        request = pb.EventsRequest(owner=owner)
        try:
            async for response in self._channel.stream(EVENTS, request):
                event = _decode_event(response)
                if event is not None:
                    yield response.session_id, event
        except TrunklineError as error:
            raise ServiceError(str(error)) from None


def _set_leg(field: pb.Leg, leg: LegMedia) -> None:
    field.learning = _encode_learning(leg.latch)
    packet_times = tuple([payload.packet_time for payload in leg.formats])
    field.MergeFromString(_encode_formats(leg.formats, packet_times))
    field.relearn = leg.relearn
    if leg.remote is not None:
        set_address(field.remote, leg.remote)
    if leg.remote_rtcp is not None:
        set_address(field.remote_rtcp, leg.remote_rtcp)
    if leg.direction is not None:
        field.direction = _DIRECTIONS[leg.direction]
    if leg.check is not None:
        field.check = _CHECKS[leg.check]
    if leg.fax is not None:
        field.kind = pb.MEDIA_KIND_T38 if leg.fax else pb.MEDIA_KIND_AUDIO
    if leg.dtmf is not None:
        _set_dtmf(field.dtmf, leg.dtmf)
    if leg.protection is not None:
        _set_protection(field, leg.protection)


def _set_protection(leg: pb.Leg, protection: Protection | Plain) -> None:
    match protection:
        case PayloadEncryption(cipher, key):
            leg.encryption.cipher, leg.encryption.key = _CIPHERS[cipher], key
        case SrtpKeys(suite, send_key, receive_key):
            leg.srtp.suite = suite
            leg.srtp.send_key, leg.srtp.receive_key = send_key, receive_key
        case Plain():
            leg.encryption.cipher = pb.PAYLOAD_CIPHER_NONE


def _set_dtmf(field: pb.Dtmf, dtmf: LegDtmf) -> None:
    field.receive_events = True
    field.receive_inband = dtmf.detect_inband
    field.send = pb.DTMF_FORM_INBAND if dtmf.send_inband else pb.DTMF_FORM_RFC4733


def _encode_learning(latch: bool | None) -> pb.SourceLearning.ValueType:
    if latch is None:
        return pb.SOURCE_LEARNING_UNSPECIFIED
    return pb.SOURCE_LEARNING_LATCH if latch else pb.SOURCE_LEARNING_SIGNALED


@lru_cache(maxsize=MOST_LISTS)
def _encode_formats(formats: tuple[PayloadFormat, ...], packet_times: tuple[int, ...]) -> bytes:
    """Encode a leg that says nothing but its formats, which calls have in common.

    Formats that differ by their packet times only are equal, so those stand beside them.
    """
    leg = pb.Leg()
    for payload, packet_time in zip(formats, packet_times, strict=True):
        field = leg.formats.add()
        field.payload_type = payload.payload_type
        field.encoding = payload.encoding
        field.clock_rate = payload.clock_rate
        field.parameters = payload.parameters
        field.packet_time_ms = packet_time
    return leg.SerializeToString()


def _decode_event(response: pb.EventsResponse) -> MediaEvent | None:
    side = Side.B if response.leg == pb.LEG_NAME_B else Side.A
    match response.WhichOneof("event"):
        case "first_packet":
            return FirstPacket(side)
        case "silence":
            check = _DECODED_CHECKS.get(response.silence.direction, MediaCheck.NONE)
            return Silence(side, check)
        case "audio_missing":
            lack = response.audio_missing
            check = _DECODED_CHECKS.get(lack.direction, MediaCheck.NONE)
            return AudioMissing(side, check, lack.duration.ToTimedelta(), lack.dead_air)
        case "audio_back":
            check = _DECODED_CHECKS.get(response.audio_back.direction, MediaCheck.NONE)
            return AudioBack(side, check, response.audio_back.duration.ToTimedelta())
        case "digit":
            return _decode_digit(side, response)
        case "play_ended":
            return PlayEnded(side, response.play_ended.audio)
        case "session_closed":
            return MediaLost(response.session_closed.explanation)
        case _:
            return None  # an event that this version does not know


def _decode_digit(side: Side, response: pb.EventsResponse) -> Digit:
    digit = response.digit
    form = _KEY_FORMS.get(digit.form, DtmfForm.RFC4733)
    duration, time = digit.duration.ToTimedelta(), decode_time(response.event_time)
    return Digit(side, digit.key, duration, form, time)
