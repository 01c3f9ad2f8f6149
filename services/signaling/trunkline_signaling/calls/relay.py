"""Whether a call's media is relayed (MED-02)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from .policy import LegPolicy, MediaCheck, MediaProxy


class Relay(Enum):
    """The decision."""

    NONE = auto()
    WANTED = auto()
    """Relayed; without a media service the call goes on directly."""
    NEEDED = auto()
    """Relayed; without a media service the call fails."""
    FORBIDDEN = auto()
    """Media has to be encrypted here, and a side forbids that it comes here (MED-01)."""


@dataclass(frozen=True, slots=True)
class RelayParameters:
    """The parameters that decide where the two sides leave it open."""

    mode: MediaProxy = MediaProxy.AUTO
    """SS_MEDIAPROXYMODE."""
    between_net: bool = True
    """SS_MEDIA_PROXY_BETWEEN_NET: relay between legs of different local addresses."""
    same_nat: bool = True
    """SS_MEDIA_PROXY_SAME_NAT: relay between two endpoints behind one NAT."""
    behind_nat: bool = True
    """SS_MEDIA_PROXY_BEHIND_NAT: relay when either endpoint is behind NAT."""
    encryption: bool = False
    """SS_RTPENCRYPTIONMODE is not None: sides with `encrypt` on are encrypted."""


DEFAULT_RELAY: Final = RelayParameters()


@dataclass(frozen=True, slots=True)
class Party:
    """What the decision must know of one leg."""

    policy: LegPolicy
    local_ip: str
    remote_ip: str
    """Source address of its signaling."""
    behind_nat: bool = False


def decide(parameters: RelayParameters, a: Party, b: Party) -> Relay:
    """Go through the steps of MED-02 in their order."""
    modes = {a.policy.media_proxy, b.policy.media_proxy}
    if parameters.mode is MediaProxy.MUST_ON or MediaProxy.MUST_ON in modes:
        return Relay.NEEDED
    off = MediaProxy.OFF in modes
    if any(_is_encrypted(parameters, side.policy) for side in (a, b)):
        return Relay.FORBIDDEN if off else Relay.NEEDED
    if not off and (_needs_media(a.policy) or _needs_media(b.policy)):
        return Relay.NEEDED
    if not off and _would_use_media(a.policy, b.policy):
        return Relay.WANTED
    if off:
        return Relay.NONE
    if MediaProxy.ON in modes or parameters.mode is MediaProxy.ON:
        return Relay.WANTED
    if parameters.mode is MediaProxy.OFF:
        return Relay.NONE
    return Relay.WANTED if _auto(parameters, a, b) else Relay.NONE


def _needs_media(policy: LegPolicy) -> bool:
    dtmf = policy.dtmf.detect_inband or policy.dtmf.send_inband
    return policy.record or dtmf or policy.media_check is not MediaCheck.NONE


def _would_use_media(a: LegPolicy, b: LegPolicy) -> bool:
    """Tell whether something is to be done to media that a call can go without."""
    converts = a.codec_conversion and b.codec_conversion
    return converts or b.ring_tone is not None


def _is_encrypted(parameters: RelayParameters, policy: LegPolicy) -> bool:
    return policy.srtp or (policy.encrypt and parameters.encryption)


def _auto(parameters: RelayParameters, a: Party, b: Party) -> bool:
    if parameters.between_net and a.local_ip != b.local_ip:
        return True
    if a.behind_nat and b.behind_nat and a.remote_ip == b.remote_ip:
        return parameters.same_nat
    return parameters.behind_nat and (a.behind_nat or b.behind_nat)
