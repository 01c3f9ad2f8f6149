"""Proto messages to domain values and back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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

WrittenFormat = tuple[str, int, int, str, int]
"""What a message says of a format: encoding, payload type, clock rate, parameters, packet time."""

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

MOST_LISTS: Final = 1024
"""Lists of formats that are kept: more than gateways and makes of phones are busy at a time."""

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
    return _formats(
        tuple(
            [
                (
                    one.encoding,
                    one.payload_type,
                    one.clock_rate,
                    one.parameters,
                    one.packet_time_ms,
                )
                for one in formats
            ]
        )
    )


@lru_cache(maxsize=MOST_LISTS)
def _formats(formats: tuple[WrittenFormat, ...]) -> Formats:
    """Return the formats behind what is written of them, which calls have in common."""
    events = [number for name, number, *_ in formats if name.lower() == TELEPHONE_EVENT]
    return Formats(
        voice=tuple(_codec(*one) for one in formats if one[0].lower() not in NOT_VOICE),
        telephone_event=_payload_type(events[0]) if events else None,
    )


def dtmf_from_proto(dtmf: media_pb2.Dtmf) -> Dtmf:
    """Return what is done with digits."""
    send = DIGIT_FORMS.get(dtmf.send, DigitForm.RFC4733)
    return _dtmf(dtmf.receive_events, dtmf.receive_inband, send, dtmf.forward)


_dtmf: Final = lru_cache(maxsize=None)(Dtmf)
"""There are 32 of them."""


def leg_name_from_proto(leg: "media_pb2.LegName.ValueType") -> LegName:
    """Return which leg is meant. Raises `InvalidRequest`."""
    if leg not in LEGS:
        raise InvalidRequest("leg is required: A or B")
    return LEGS[leg]


def set_local(field: media_pb2.LocalMedia, local: MediaAddress) -> None:
    """Write where a device is to send: RTCP has the port above RTP."""
    rtp, rtcp = field.rtp, field.rtcp
    rtp.ip, rtp.port = local.ip, local.port
    rtcp.ip, rtcp.port = local.ip, local.port + 1


def closed_to_proto(statistics: SessionStatistics) -> media_pb2.CloseResponse:
    """Return the answer to Close."""
    response = media_pb2.CloseResponse()
    _set_stream(response.statistics.leg_a, statistics.leg_a)
    _set_stream(response.statistics.leg_b, statistics.leg_b)
    if (last := statistics.leg_a.last_packet_time) is not None:
        response.leg_a_last_rtp_time.FromDatetime(_naive(last))
    if (last := statistics.leg_b.last_packet_time) is not None:
        response.leg_b_last_rtp_time.FromDatetime(_naive(last))
    return response


def progress_to_proto(progress: SessionProgress) -> media_pb2.SessionStatistics:
    """Return what an open session has carried so far."""
    message = media_pb2.SessionStatistics(session_id=progress.session_id)
    _set_leg(message.leg_a, progress.received.leg_a, progress.sent_a)
    _set_leg(message.leg_b, progress.received.leg_b, progress.sent_b)
    return message


def event_to_proto(event: SessionEvent) -> media_pb2.EventsResponse:
    """Return one event."""
    response = media_pb2.EventsResponse(session_id=event.session_id)
    response.event_time.FromDatetime(_naive(event.time))
    if event.leg is not None:
        response.leg = LEG_NAMES[event.leg]
    match event.happening:
        case FirstPacketCame(source):
            address = response.first_packet.source
            address.ip, address.port = source.ip, source.port
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


def _set_leg(
    field: media_pb2.LegStatistics, received: StreamStatistics, sent: SentStatistics
) -> None:
    _set_stream(field.received, received)
    field.sent.packets = sent.packets
    field.sent.bytes = sent.bytes
    field.sent.packets_failed = sent.packets_failed
    if sent.packets_lost is not None:
        field.sent.packets_lost = sent.packets_lost
    field.sent.jitter_ms = sent.jitter / MILLISECOND
    field.sent.mos = sent.mos


def _set_stream(field: common_pb2.StreamStatistics, stream: StreamStatistics) -> None:
    field.packets = stream.packets
    field.bytes = stream.bytes
    field.packets_lost = stream.packets_lost
    field.jitter_ms = stream.jitter / MILLISECOND
    field.packets_reordered = stream.packets_reordered
    field.packets_dropped = stream.packets_dropped
    field.round_trip_ms = (stream.round_trip or timedelta(0)) / MILLISECOND
    field.mos = stream.mos
    if stream.last_packet_time is not None:
        field.last_packet_time.FromDatetime(_naive(stream.last_packet_time))


def _codec(
    encoding: str, payload_type: int, clock_rate: int, parameters: str, packet_time_ms: int
) -> Codec:
    return Codec(
        encoding,
        _payload_type(payload_type),
        clock_rate or CLOCK_RATE_DEFAULT,
        parameters,
        timedelta(milliseconds=packet_time_ms) if packet_time_ms else None,
    )


def _payload_type(payload_type: int) -> int:
    if payload_type > HIGHEST_PAYLOAD_TYPE:
        raise InvalidRequest(f"payload type {payload_type}: expected 0 to 127")
    return payload_type


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
