"""A client of the media service, as signaling is one, and what its requests are made of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from support.media_service import NOWHERE, media_channel
from support.rtp import RtpPeer
from trunkline.common.v1.common_pb2 import SocketAddress
from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.rpc import InProcessChannel, method_of

SERVICE = pb.DESCRIPTOR.services_by_name["MediaService"]
OPEN = method_of(SERVICE, "Open", pb.OpenRequest, pb.OpenResponse)
CONNECT = method_of(SERVICE, "Connect", pb.ConnectRequest, pb.ConnectResponse)
CLOSE = method_of(SERVICE, "Close", pb.CloseRequest, pb.CloseResponse)
STATISTICS = method_of(SERVICE, "Statistics", pb.StatisticsRequest, pb.StatisticsResponse)
LOAD = method_of(SERVICE, "Load", pb.LoadRequest, pb.LoadResponse)
DRAIN = method_of(SERVICE, "Drain", pb.DrainRequest, pb.DrainResponse)
PLAY = method_of(SERVICE, "Play", pb.PlayRequest, pb.PlayResponse)
STOP_PLAY = method_of(SERVICE, "StopPlay", pb.StopPlayRequest, pb.StopPlayResponse)
SEND_DIGITS = method_of(SERVICE, "SendDigits", pb.SendDigitsRequest, pb.SendDigitsResponse)
RENEW = method_of(SERVICE, "RenewLeases", pb.RenewLeasesRequest, pb.RenewLeasesResponse)
EVENTS = method_of(SERVICE, "Events", pb.EventsRequest, pb.EventsResponse)

TIMEOUT: Final = 5.0

PCMA = pb.PayloadFormat(payload_type=8, encoding="PCMA", clock_rate=8000)
PCMU = pb.PayloadFormat(payload_type=0, encoding="PCMU", clock_rate=8000)
EVENTS_101 = pb.PayloadFormat(payload_type=101, encoding="telephone-event", clock_rate=8000)
EVENTS_96 = pb.PayloadFormat(payload_type=96, encoding="telephone-event", clock_rate=8000)


class MediaClient:
    """Calls the servicer as signaling would."""

    def __init__(self, channel: InProcessChannel) -> None:
        self._channel = channel

    async def open(self, session_id: str = "call-1", **fields: object) -> pb.OpenResponse:
        request = pb.OpenRequest(session_id=session_id, owner="signaling-0", epoch="1", **fields)  # type: ignore[arg-type]
        return await self._channel.call(OPEN, request, timeout=TIMEOUT)

    async def connect(self, session_id: str = "call-1", **fields: object) -> None:
        request = pb.ConnectRequest(session_id=session_id, **fields)  # type: ignore[arg-type]
        await self._channel.call(CONNECT, request, timeout=TIMEOUT)

    async def close(self, session_id: str = "call-1") -> pb.CloseResponse:
        request = pb.CloseRequest(session_id=session_id)
        return await self._channel.call(CLOSE, request, timeout=TIMEOUT)

    async def statistics(self, *session_ids: str) -> list[pb.SessionStatistics]:
        request = pb.StatisticsRequest(session_ids=session_ids)
        response = await self._channel.call(STATISTICS, request, timeout=TIMEOUT)
        return list(response.sessions)

    async def load(self) -> pb.LoadResponse:
        return await self._channel.call(LOAD, pb.LoadRequest(), timeout=TIMEOUT)

    async def drain(self) -> pb.DrainResponse:
        return await self._channel.call(DRAIN, pb.DrainRequest(), timeout=TIMEOUT)

    async def renew(self, epoch: str) -> int:
        request = pb.RenewLeasesRequest(owner="signaling-0", epoch=epoch)
        return (await self._channel.call(RENEW, request, timeout=TIMEOUT)).sessions

    async def play(self, audio: str, **fields: object) -> None:
        request = pb.PlayRequest(session_id="call-1", leg=pb.LEG_NAME_A, audio=audio, **fields)  # type: ignore[arg-type]
        await self._channel.call(PLAY, request, timeout=TIMEOUT)

    async def stop_play(self) -> None:
        request = pb.StopPlayRequest(session_id="call-1", leg=pb.LEG_NAME_A)
        await self._channel.call(STOP_PLAY, request, timeout=TIMEOUT)

    async def send_digits(self, digits: str, duration: timedelta) -> None:
        request = pb.SendDigitsRequest(session_id="call-1", leg=pb.LEG_NAME_B, digits=digits)
        request.digit_duration.FromTimedelta(duration)
        await self._channel.call(SEND_DIGITS, request, timeout=TIMEOUT)

    async def next_event(self) -> pb.EventsResponse:
        return (await self.next_events(1))[0]

    async def next_events(self, count: int) -> list[pb.EventsResponse]:
        events: list[pb.EventsResponse] = []
        stream = self._channel.stream(EVENTS, pb.EventsRequest(owner="signaling-0"))
        async with asyncio.timeout(TIMEOUT):
            async for event in stream:
                events.append(event)
                if len(events) == count:
                    break
        return events


@asynccontextmanager
async def serving(pairs: int = 8, recordings: Path = NOWHERE) -> AsyncIterator[MediaClient]:
    async with media_channel(pairs, recordings) as channel:
        yield MediaClient(channel)


def leg(peer: RtpPeer, **fields: object) -> pb.Leg:
    return pb.Leg(remote=at_peer(peer), **fields)  # type: ignore[arg-type]


def at_peer(peer: RtpPeer) -> SocketAddress:
    ip, port = peer.address
    return SocketAddress(ip=ip, port=port)


def at(local: pb.LocalMedia) -> tuple[str, int]:
    return local.rtp.ip, local.rtp.port
