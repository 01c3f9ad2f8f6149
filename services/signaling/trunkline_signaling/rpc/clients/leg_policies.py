"""What routing says about a leg, as the calls know it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from trunkline.routing.v1 import routing_pb2 as pb

from ...calls.media_policy import (
    DEFAULT_DTMF,
    Annex,
    DtmfPolicy,
    DtmfReceive,
    DtmfSend,
    G729Policy,
    Prompts,
    RingTone,
    Spelling,
)
from ...calls.policy import (
    AddressMethod,
    LegPolicy,
    MediaCheck,
    MediaProxy,
    RemoteRingSignal,
)

_MEDIA_PROXY: Final[Mapping[int, MediaProxy]] = {
    pb.MEDIA_PROXY_AUTO: MediaProxy.AUTO,
    pb.MEDIA_PROXY_ON: MediaProxy.ON,
    pb.MEDIA_PROXY_OFF: MediaProxy.OFF,
    pb.MEDIA_PROXY_MUST_ON: MediaProxy.MUST_ON,
}
_MEDIA_CHECK: Final[Mapping[int, MediaCheck]] = {
    pb.MEDIA_CHECK_SENT: MediaCheck.SENT,
    pb.MEDIA_CHECK_RECEIVED: MediaCheck.RECEIVED,
    pb.MEDIA_CHECK_BOTH: MediaCheck.BOTH,
}
_RING_SIGNAL: Final[Mapping[int, RemoteRingSignal]] = {
    pb.REMOTE_RING_SIGNAL_183_WITH_SDP: RemoteRingSignal.SESSION_PROGRESS,
    pb.REMOTE_RING_SIGNAL_180_WITH_SDP: RemoteRingSignal.RINGING,
}
_SPELLING: Final[Mapping[int, Spelling]] = {
    pb.G729_SPELLING_G729: Spelling.G729,
    pb.G729_SPELLING_G729A: Spelling.G729A,
    pb.G729_SPELLING_BOTH: Spelling.BOTH,
}
_ANNEX: Final[Mapping[int, Annex]] = {
    pb.ANNEX_YES: Annex.YES,
    pb.ANNEX_NO: Annex.NO,
    pb.ANNEX_OMIT: Annex.OMIT,
    pb.ANNEX_PASS_THROUGH: Annex.PASS_THROUGH,
}
_DTMF_RECEIVE: Final[Mapping[int, DtmfReceive]] = {
    pb.DTMF_RECEIVE_RFC4733: DtmfReceive.RFC4733,
    pb.DTMF_RECEIVE_INFO: DtmfReceive.INFO,
    pb.DTMF_RECEIVE_OFF: DtmfReceive.OFF,
}
_DTMF_SEND: Final[Mapping[int, DtmfSend]] = {
    pb.DTMF_SEND_RFC4733: DtmfSend.RFC4733,
    pb.DTMF_SEND_INFO: DtmfSend.INFO,
    pb.DTMF_SEND_OFF: DtmfSend.OFF,
}
_ADDRESS_METHOD: Final[Mapping[int, AddressMethod]] = {
    pb.ADDRESS_METHOD_SOURCE_IP: AddressMethod.SOURCE_IP,
    pb.ADDRESS_METHOD_HEADER: AddressMethod.HEADER,
}


def decode_policy(policy: pb.LegPolicy) -> LegPolicy:
    """Return how a leg is treated."""
    return _decode_policy(policy.SerializeToString())


@lru_cache(maxsize=4096)  # a gateway's is the same in every call; phones share a few
def _decode_policy(serialized: bytes) -> LegPolicy:
    policy = pb.LegPolicy.FromString(serialized)
    return LegPolicy(
        media_proxy=_MEDIA_PROXY.get(policy.media_proxy),
        media_check=_MEDIA_CHECK.get(policy.media_check, MediaCheck.NONE),
        encrypt=policy.encrypt,
        record=policy.record,
        remote_ring_signal=_RING_SIGNAL.get(
            policy.remote_ring_signal, RemoteRingSignal.PASS_THROUGH
        ),
        response_address=_ADDRESS_METHOD.get(policy.response_address, AddressMethod.SOCKET),
        request_address=_ADDRESS_METHOD.get(policy.request_address, AddressMethod.SOCKET),
        codecs=tuple(policy.codecs),
        codec_conversion=policy.codec_conversion,
        g729=G729Policy(
            _SPELLING.get(policy.g729.spelling, Spelling.AUTO),
            _ANNEX.get(policy.g729.annex_b, Annex.AUTO),
            _ANNEX.get(policy.g729.g723_annex_a, Annex.AUTO),
        ),
        dtmf=_decode_dtmf(policy),
        session_timer=policy.session_timer,
        reliable_provisionals=policy.reliable_provisionals,
        t38=policy.t38,
        srtp=policy.srtp,
        transfer=policy.transfer,
        state_report=policy.call_state_report,
        ring_tone=_decode_ring_tone(policy),
        prompts=_decode_prompts(policy.prompts),
    )


def _decode_dtmf(policy: pb.LegPolicy) -> DtmfPolicy:
    if not policy.HasField("dtmf"):
        return DEFAULT_DTMF
    dtmf = policy.dtmf
    return DtmfPolicy(
        _DTMF_RECEIVE.get(dtmf.receive, DtmfReceive.ALL),
        _DTMF_SEND.get(dtmf.send, DtmfSend.AUTO),
        dtmf.payload_type or DEFAULT_DTMF.payload_type,
        dtmf.detect_inband,
        dtmf.send_inband,
        dtmf.use_peer_ability,
    )


def _decode_prompts(prompts: pb.Prompts) -> Prompts:
    unable = prompts.unable_to_connect if prompts.HasField("unable_to_connect") else None
    balance = prompts.balance_not_enough if prompts.HasField("balance_not_enough") else None
    return Prompts(unable, balance, prompts.language)


def _decode_ring_tone(policy: pb.LegPolicy) -> RingTone | None:
    if not policy.HasField("ring_tone"):
        return None
    return RingTone(policy.ring_tone.audio, policy.ring_tone.delay.ToTimedelta())
