"""Proto messages to domain values and back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from trunkline.common.v1 import common_pb2
from trunkline.media.v1 import media_pb2

from ..domain.codecs import CLOCK_RATE_DEFAULT, Codec, Formats
from ..domain.events import (
    AudioCameBack,
    AudioEnded,
    AudioWentMissing,
    ClosedUnasked,
    DigitPressed,
    FellSilent,
    FirstPacketCame,
    SentStatistics,
    SessionEvent,
    SessionProgress,
    SessionStatistics,
    StreamStatistics,
)
from ..domain.legs import (
    Cipher,
    DigitForm,
    Direction,
    Dtmf,
    Encryption,
    LegChange,
    LegName,
    MediaAddress,
    MediaCheck,
    PayloadEncryption,
    Plain,
    Srtp,
)
from ..errors import InvalidRequest

HIGHEST_PAYLOAD_TYPE: Final = 127
MILLISECOND: Final = timedelta(milliseconds=1)

DIRECTIONS: Final = {
    media_pb2.DIRECTION_SENDRECV: Direction.SENDRECV,
    media_pb2.DIRECTION_SENDONLY: Direction.SENDONLY,
    media_pb2.DIRECTION_RECVONLY: Direction.RECVONLY,
    media_pb2.DIRECTION_INACTIVE: Direction.INACTIVE,
}

CHECKS: Final = {
    media_pb2.MEDIA_CHECK_NONE: MediaCheck.NONE,
    media_pb2.MEDIA_CHECK_SENT: MediaCheck.SENT,
    media_pb2.MEDIA_CHECK_RECEIVED: MediaCheck.RECEIVED,
    media_pb2.MEDIA_CHECK_BOTH: MediaCheck.BOTH,
}
CHECKS_TO_PROTO: Final = {check: number for number, check in CHECKS.items()}

FAX: Final = {media_pb2.MEDIA_KIND_AUDIO: False, media_pb2.MEDIA_KIND_T38: True}

LEARNING: Final = {
    media_pb2.SOURCE_LEARNING_SIGNALED: False,
    media_pb2.SOURCE_LEARNING_LATCH: True,
}

CIPHERS: Final = {
    media_pb2.PAYLOAD_CIPHER_XOR: Cipher.XOR,
    media_pb2.PAYLOAD_CIPHER_RC4: Cipher.RC4,
    media_pb2.PAYLOAD_CIPHER_AES128: Cipher.AES128,
}

DIGIT_FORMS: Final = {
    media_pb2.DTMF_FORM_RFC4733: DigitForm.RFC4733,
    media_pb2.DTMF_FORM_INBAND: DigitForm.INBAND,
    media_pb2.DTMF_FORM_INFO: DigitForm.INFO,
    media_pb2.DTMF_FORM_NONE: DigitForm.NONE,
}

DIGIT_FORMS_TO_PROTO: Final = {form: number for number, form in DIGIT_FORMS.items()}

TELEPHONE_EVENT: Final = "telephone-event"
NOT_VOICE: Final = frozenset({TELEPHONE_EVENT, "cn"})

LEG_NAMES: Final = {LegName.A: media_pb2.LEG_NAME_A, LegName.B: media_pb2.LEG_NAME_B}

LEGS: Final = {number: name for name, number in LEG_NAMES.items()}


def legs_from_proto(
    request: media_pb2.OpenRequest | media_pb2.ConnectRequest,
) -> Mapping[LegName, LegChange]:
    """Return what a request says about its legs. Raises `InvalidRequest`."""
    legs = {}
    if request.HasField("leg_a"):
        legs[LegName.A] = leg_from_proto(request.leg_a)
    if request.HasField("leg_b"):
        legs[LegName.B] = leg_from_proto(request.leg_b)
    return legs


def leg_from_proto(leg: media_pb2.Leg) -> LegChange:
    """Return what `leg` says."""
    return LegChange(
        remote=address_from_proto(leg.remote) if leg.HasField("remote") else None,
        remote_rtcp=address_from_proto(leg.remote_rtcp) if leg.HasField("remote_rtcp") else None,
        rtcp_mux=leg.rtcp_mux,
        learn_source=LEARNING.get(leg.learning),
        fax=FAX.get(leg.kind),
        direction=DIRECTIONS.get(leg.direction),
        check=CHECKS.get(leg.check),
        formats=formats_from_proto(leg.formats),
        dtmf=dtmf_from_proto(leg.dtmf) if leg.HasField("dtmf") else None,
        encryption=encryption_from_proto(leg),
        relearn=leg.relearn,
    )


def encryption_from_proto(leg: media_pb2.Leg) -> Encryption | None:
    """Return a leg's encryption. None is not said; an SRTP suite without a name is plain RTP."""
    enciphered = leg.encryption.cipher != media_pb2.PAYLOAD_CIPHER_UNSPECIFIED
    if enciphered and leg.HasField("srtp"):
        raise InvalidRequest("a leg has payload encryption or SRTP, not both")
    if leg.HasField("srtp"):
        keys = leg.srtp
        return Srtp(keys.suite, keys.send_key, keys.receive_key) if keys.suite else Plain()
    if not enciphered:
        return None
    if leg.encryption.cipher == media_pb2.PAYLOAD_CIPHER_NONE:
        return Plain()
    return PayloadEncryption(CIPHERS[leg.encryption.cipher], leg.encryption.key)


def address_from_proto(address: common_pb2.SocketAddress) -> MediaAddress:
    """Return the address. Raises `InvalidRequest`."""
    return MediaAddress(address.ip, address.port)


def formats_from_proto(formats: Sequence[media_pb2.PayloadFormat]) -> Formats | None:
    """Return the voice codecs and the events among payload formats. None when nothing is said."""
    if not formats:
        return None
    events = (one for one in formats if one.encoding.lower() == TELEPHONE_EVENT)
    event = next(events, None)
    return Formats(
        voice=tuple(_codec(one) for one in formats if one.encoding.lower() not in NOT_VOICE),
        telephone_event=None if event is None else _payload_type(event),
    )


def dtmf_from_proto(dtmf: media_pb2.Dtmf) -> Dtmf:
    """Return what is done with digits."""
    send = DIGIT_FORMS.get(dtmf.send, DigitForm.RFC4733)
    return Dtmf(
        receive_events=dtmf.receive_events,
        receive_inband=dtmf.receive_inband,
        send=send,
        forward=dtmf.forward,
    )


def leg_name_from_proto(leg: "media_pb2.LegName.ValueType") -> LegName:
    """Return which leg is meant. Raises `InvalidRequest`."""
    if leg not in LEGS:
        raise InvalidRequest("leg is required: A or B")
    return LEGS[leg]


def local_to_proto(local: MediaAddress) -> media_pb2.LocalMedia:
    """Return where a device is to send: RTCP has the port above RTP."""
    return media_pb2.LocalMedia(
        rtp=address_to_proto(local),
        rtcp=common_pb2.SocketAddress(ip=local.ip, port=local.port + 1),
    )


def address_to_proto(address: MediaAddress) -> common_pb2.SocketAddress:
    """Return the address."""
    return common_pb2.SocketAddress(ip=address.ip, port=address.port)


def closed_to_proto(statistics: SessionStatistics) -> media_pb2.CloseResponse:
    """Return the answer to Close."""
    response = media_pb2.CloseResponse(
        statistics=common_pb2.MediaStatistics(
            leg_a=stream_to_proto(statistics.leg_a), leg_b=stream_to_proto(statistics.leg_b)
        )
    )
    if (last := statistics.leg_a.last_packet_time) is not None:
        response.leg_a_last_rtp_time.FromDatetime(_naive(last))
    if (last := statistics.leg_b.last_packet_time) is not None:
        response.leg_b_last_rtp_time.FromDatetime(_naive(last))
    return response


def stream_to_proto(stream: StreamStatistics) -> common_pb2.StreamStatistics:
    """Return one direction's statistics."""
    message = common_pb2.StreamStatistics(
        packets=stream.packets,
        bytes=stream.bytes,
        packets_lost=stream.packets_lost,
        jitter_ms=stream.jitter / MILLISECOND,
        packets_reordered=stream.packets_reordered,
        packets_dropped=stream.packets_dropped,
        round_trip_ms=(stream.round_trip or timedelta(0)) / MILLISECOND,
        mos=stream.mos,
    )
    if stream.last_packet_time is not None:
        message.last_packet_time.FromDatetime(_naive(stream.last_packet_time))
    return message


def progress_to_proto(progress: SessionProgress) -> media_pb2.SessionStatistics:
    """Return what an open session has carried so far."""
    return media_pb2.SessionStatistics(
        session_id=progress.session_id,
        leg_a=_leg_to_proto(progress.received.leg_a, progress.sent_a),
        leg_b=_leg_to_proto(progress.received.leg_b, progress.sent_b),
    )


def event_to_proto(event: SessionEvent) -> media_pb2.EventsResponse:
    """Return one event."""
    response = media_pb2.EventsResponse(session_id=event.session_id)
    response.event_time.FromDatetime(_naive(event.time))
    if event.leg is not None:
        response.leg = LEG_NAMES[event.leg]
    match event.happening:
        case FirstPacketCame(source):
            response.first_packet.source.CopyFrom(address_to_proto(source))
        case FellSilent(direction, duration):
            response.silence.direction = CHECKS_TO_PROTO[direction]
            response.silence.duration.FromTimedelta(duration)
        case AudioWentMissing(direction, duration, dead_air):
            response.audio_missing.direction = CHECKS_TO_PROTO[direction]
            response.audio_missing.duration.FromTimedelta(duration)
            response.audio_missing.dead_air = dead_air
        case AudioCameBack(direction, duration):
            response.audio_back.direction = CHECKS_TO_PROTO[direction]
            response.audio_back.duration.FromTimedelta(duration)
        case DigitPressed(key, pressed, form):
            response.digit.key = key
            response.digit.form = DIGIT_FORMS_TO_PROTO[form]
            response.digit.duration.FromTimedelta(pressed)
        case AudioEnded(audio):
            response.play_ended.audio = audio
        case ClosedUnasked(explanation):
            response.session_closed.explanation = explanation
    return response


def _leg_to_proto(received: StreamStatistics, sent: SentStatistics) -> media_pb2.LegStatistics:
    return media_pb2.LegStatistics(
        received=stream_to_proto(received),
        sent=media_pb2.SentStatistics(
            packets=sent.packets,
            bytes=sent.bytes,
            packets_failed=sent.packets_failed,
            packets_lost=sent.packets_lost,
            jitter_ms=sent.jitter / MILLISECOND,
            mos=sent.mos,
        ),
    )


def _codec(payload: media_pb2.PayloadFormat) -> Codec:
    return Codec(
        payload.encoding,
        _payload_type(payload),
        payload.clock_rate or CLOCK_RATE_DEFAULT,
        payload.parameters,
        timedelta(milliseconds=payload.packet_time_ms) if payload.packet_time_ms else None,
    )


def _payload_type(payload: media_pb2.PayloadFormat) -> int:
    if payload.payload_type > HIGHEST_PAYLOAD_TYPE:
        raise InvalidRequest(f"payload type {payload.payload_type}: expected 0 to 127")
    return payload.payload_type


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
