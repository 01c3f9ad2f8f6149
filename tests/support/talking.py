"""Calls through signaling and the real media service, with a socket at each end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from support.descriptions import answering, audio, stream_to
from support.media_service import NOWHERE, ShortSilence, media_pool
from support.rtp import LOOPBACK, RtpPeer, rtp_peers
from support.switch import (
    CALLER,
    VENDOR,
    OneAddress,
    Script,
    SwitchBench,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from support.waiting import until
from trunkline_media.parameters import PARAMETERS
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.encryption import PayloadEncryption
from trunkline_signaling.calls.policy import LegPolicy
from trunkline_signaling.calls.relay import RelayParameters

VOICE: Final = b"\x55\xd5" * 80
MISSING_AUDIO: Final = timedelta(seconds=0.5)
"""For how long audio may be missing in these calls."""
SETTLED: Final = 0.05
"""Seconds after an answer in which the relay hears of it."""

Answering = Callable[[int], Script]
"""What a vendor does whose RTP port is this."""


@dataclass
class TalkingCall:
    """An answered call with a socket at each end."""

    bench: SwitchBench
    alice: UserAgent
    caller: RtpPeer
    callee: RtpPeer

    @property
    def relay_a(self) -> tuple[str, int]:
        """Where the caller is to send."""
        return LOOPBACK, stream_to(self.bench, CALLER, "SIP/2.0 200").port

    @property
    def relay_b(self) -> tuple[str, int]:
        """Where the callee is to send."""
        return LOOPBACK, stream_to(self.bench, VENDOR, "INVITE").port

    async def heard_by_callee(self, packet: bytes) -> bytes:
        """Let the caller send a packet and return what the callee gets."""
        self.caller.send(self.relay_a, packet)
        return await self.callee.receive()

    async def heard_by_caller(self, packet: bytes) -> bytes:
        """Let the callee send a packet and return what the caller gets."""
        self.callee.send(self.relay_b, packet)
        return await self.caller.receive()


def plain(port: int) -> Script:
    """Answer with PCMA over RTP."""
    return answering(local("8", port=port))


def local(
    formats: str, *attributes: str, port: int, version: int = 1, profile: str = "RTP/AVP"
) -> bytes:
    """Return a description of a socket on the loopback interface."""
    body = audio(formats, *attributes, port=port, version=version, profile=profile)
    return body.replace(b"10.0.0.2", LOOPBACK.encode())


@asynccontextmanager
async def talking(
    leg_a: LegPolicy,
    leg_b: LegPolicy,
    answer: Answering = plain,
    offer: Callable[[int], bytes] = lambda port: local("8", port=port),
    encryption: PayloadEncryption | None = None,
    audio_folder: Path = NOWHERE,
    recordings: Path = NOWHERE,
    answered: bool = True,
) -> AsyncIterator[TalkingCall]:
    """Run a call over the real media service, until it is answered or refused."""
    settings = CallSettings(
        "signaling-1",
        OneAddress(),
        relay=RelayParameters(encryption=encryption is not None),
        encryption=encryption,
    )
    with rtp_peers(2) as (at_caller, at_callee):
        async with media_pool(
            lambda call_id, event: bench.switch.tell(call_id, event),
            recordings,
            audio_folder,
            ShortSilence(PARAMETERS),
            MISSING_AUDIO,
        ) as pool:
            alice, bob = caller(), vendor(answer(at_callee.address[1]))
            bench = SwitchBench(alice, bob, settings=settings, media=pool)
            bench.routing.plan = plan(candidate(leg_b=leg_b), leg_a=leg_a)
            bench.call(alice, invite(offer(at_caller.address[1])))
            if answered:
                await until(lambda: "ACK" in bench.starts(CALLER))
                await asyncio.sleep(SETTLED)
            yield TalkingCall(bench, alice, at_caller, at_callee)
