"""Policies of a leg as the contract spells them. A policy is encoded once and kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from trunkline.routing.v1 import routing_pb2 as pb

from ..documents.fields import OnOff
from ..documents.policies import (
    AddressMethod,
    Annex,
    DtmfReceive,
    DtmfSend,
    G729Spelling,
    MediaCheck,
    MediaPolicy,
    MediaProxy,
    RemoteRingSignal,
    SipPolicy,
)
from ..documents.routing_gateway import Timeouts

_ON_OFF: Final = {OnOff.DEFAULT: None, OnOff.ON: True, OnOff.OFF: False}
_PROXY: Final = {
    None: pb.MEDIA_PROXY_UNSPECIFIED,
    MediaProxy.AUTO: pb.MEDIA_PROXY_AUTO,
    MediaProxy.ON: pb.MEDIA_PROXY_ON,
    MediaProxy.OFF: pb.MEDIA_PROXY_OFF,
    MediaProxy.MUST_ON: pb.MEDIA_PROXY_MUST_ON,
}
_CHECK: Final = {
    MediaCheck.NONE: pb.MEDIA_CHECK_UNSPECIFIED,
    MediaCheck.SENT: pb.MEDIA_CHECK_SENT,
    MediaCheck.RECEIVED: pb.MEDIA_CHECK_RECEIVED,
    MediaCheck.BOTH: pb.MEDIA_CHECK_BOTH,
}
_RECEIVE: Final = {
    DtmfReceive.ALL: pb.DTMF_RECEIVE_ALL,
    DtmfReceive.RFC4733: pb.DTMF_RECEIVE_RFC4733,
    DtmfReceive.INFO: pb.DTMF_RECEIVE_INFO,
    DtmfReceive.OFF: pb.DTMF_RECEIVE_OFF,
}
_SEND: Final = {
    DtmfSend.AUTO: pb.DTMF_SEND_AUTO,
    DtmfSend.RFC4733: pb.DTMF_SEND_RFC4733,
    DtmfSend.INFO: pb.DTMF_SEND_INFO,
    DtmfSend.OFF: pb.DTMF_SEND_OFF,
}
_SPELLING: Final = {
    G729Spelling.AUTO: pb.G729_SPELLING_AUTO,
    G729Spelling.G729: pb.G729_SPELLING_G729,
    G729Spelling.G729A: pb.G729_SPELLING_G729A,
    G729Spelling.BOTH: pb.G729_SPELLING_BOTH,
}
_ANNEX: Final = {
    Annex.AUTO: pb.ANNEX_AUTO,
    Annex.YES: pb.ANNEX_YES,
    Annex.NO: pb.ANNEX_NO,
    Annex.OMIT: pb.ANNEX_OMIT,
    Annex.PASSTHROUGH: pb.ANNEX_PASS_THROUGH,
}
_METHOD: Final = {
    AddressMethod.SOCKET: pb.ADDRESS_METHOD_SOCKET,
    AddressMethod.SOURCE_IP: pb.ADDRESS_METHOD_SOURCE_IP,
    AddressMethod.HEADER: pb.ADDRESS_METHOD_HEADER,
}
_RING: Final = {
    RemoteRingSignal.PASSTHROUGH: pb.REMOTE_RING_SIGNAL_PASS_THROUGH,
    RemoteRingSignal.PROGRESS_WITH_SDP: pb.REMOTE_RING_SIGNAL_183_WITH_SDP,
    RemoteRingSignal.RINGING_WITH_SDP: pb.REMOTE_RING_SIGNAL_180_WITH_SDP,
}


def leg_to_proto(media: MediaPolicy, sip: SipPolicy, *, may_transfer: bool = False) -> pb.LegPolicy:
    """Return the policy of one side."""
    return pb.LegPolicy(
        media_proxy=_PROXY[media.proxy],
        codecs=media.codec.codecs,
        codec_conversion=media.codec.allow_conversion,
        dtmf=_dtmf(media),
        media_check=_CHECK[media.check],
        encrypt=media.encrypt,
        session_timer=sip.session_timer,
        reliable_provisionals=sip.reliable_provisionals,
        t38=media.t38,
        response_address=_METHOD[sip.response_address],
        request_address=_METHOD[sip.request_address],
        remote_ring_signal=_RING[sip.remote_ring_signal],
        record=media.record,
        g729=pb.G729Policy(
            spelling=_SPELLING[media.g729.spelling],
            annex_b=_ANNEX[media.g729.annex_b],
            g723_annex_a=_ANNEX[media.g729.g723_annex_a],
        ),
        ring_tone=_ring_tone(media),
        privacy_support=sip.privacy_support,
        srtp=media.srtp,
        prompts=_prompts(media),
        transfer=may_transfer,
        call_state_report=sip.call_state_report,
    )


def timers_to_proto(timeouts: Timeouts) -> pb.AttemptTimers:
    """Return the waits that a gateway sets itself."""
    return pb.AttemptTimers(
        invite=_seconds(timeouts.invite),
        trying=_seconds(timeouts.trying),
        session_progress=_seconds(timeouts.session_progress),
        session_progress_sdp=_seconds(timeouts.session_progress_sdp),
        ringing=_seconds(timeouts.ringing),
    )


def duration_to_proto(span: timedelta | None) -> Duration | None:
    """Return a span, or nothing."""
    if span is None:
        return None
    duration = Duration()
    duration.FromTimedelta(span)
    return duration


def _seconds(seconds: int) -> Duration | None:
    return Duration(seconds=seconds) if seconds else None


def _dtmf(media: MediaPolicy) -> pb.DtmfPolicy:
    dtmf = media.dtmf
    return pb.DtmfPolicy(
        receive=_RECEIVE[dtmf.receive],
        send=_SEND[dtmf.send],
        payload_type=dtmf.payload,
        detect_inband=dtmf.detect_inband,
        send_inband=dtmf.send_inband,
        use_peer_ability=dtmf.use_peer_ability,
    )


def _prompts(media: MediaPolicy) -> pb.Prompts:
    prompts = media.prompts
    return pb.Prompts(
        unable_to_connect=_ON_OFF[prompts.unable_to_connect],
        balance_not_enough=_ON_OFF[prompts.balance_not_enough],
        language=prompts.language,
    )


def _ring_tone(media: MediaPolicy) -> pb.RingTone | None:
    tone = media.ring_tone
    if tone is None:
        return None
    return pb.RingTone(audio=tone.audio, delay=Duration(seconds=tone.delay))
