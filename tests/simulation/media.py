"""Media without RTP: the contract's servicer over a pool of ports, which is quiet when told so.

The real engine has threads of its own and no virtual clock. This one keeps the contract's promises
that calls depend on: ports, leases, epochs, statistics for a repeat, and events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from trunkline.common.v1 import common_pb2 as common
from trunkline.media.v1 import media_pb2 as pb
from trunkline.media.v1.media_pb2_grpc import MediaServiceServicer
from trunkline_kernel.faults import Fault, NotFound, TrunklineError
from trunkline_kernel.rpc import Context

LEASE: Final = 30.0
"""Seconds for which sessions outlive their owner's last sign of life."""
REMEMBERED: Final = 60.0
"""Seconds for which a closed session's statistics are kept."""
INSTANCE: Final = "media-1"
HOST: Final = "10.0.9.1"
CARRIED: Final = common.StreamStatistics(packets=50)
"""What every leg sends."""


class PortsExhausted(TrunklineError):
    """No port is free."""

    fault = Fault.RESOURCE_EXHAUSTED
    reason = "CAPACITY_EXCEEDED"


@dataclass(slots=True)
class Session:
    """Two legs."""

    owner: str
    epoch: str
    ports: int
    """Place in the pool: four ports from here."""
    answered: bool = False


class FakeMedia(MediaServiceServicer):
    """One media instance. Times are the loop's."""

    def __init__(self, capacity: int) -> None:
        self.sessions: dict[str, Session] = {}
        self._capacity = capacity
        self._free = list(range(capacity))
        self._closed: dict[str, float] = {}
        self._heard: dict[str, tuple[str, float]] = {}
        self._listeners: dict[str, set[asyncio.Queue[pb.EventsResponse]]] = {}

    # --- what the simulation does to it

    def fall_silent(self, session_id: str, leg: pb.LegName.ValueType) -> None:
        """Report that a leg of an answered call sends nothing any more."""
        session = self.sessions.get(session_id)
        if session is not None and session.answered:
            silence = pb.Silence(direction=pb.MEDIA_CHECK_RECEIVED)
            event = pb.EventsResponse(session_id=session_id, leg=leg, silence=silence)
            self._tell(session.owner, event)

    async def keep_house(self) -> None:
        """Close sessions whose owner is gone, and forget old statistics. Never returns."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            now = loop.time()
            for owner, (_, heard) in list(self._heard.items()):
                if now - heard > LEASE:
                    del self._heard[owner]
                    self._lose(owner, f"owner not heard of for {LEASE:g} s")
            for session_id, closed in list(self._closed.items()):
                if now - closed > REMEMBERED:
                    del self._closed[session_id]

    # --- the contract

    async def Open(self, request: pb.OpenRequest, context: Context) -> pb.OpenResponse:
        session = self.sessions.get(request.session_id)
        if session is None:
            if request.session_id in self._closed:
                raise NotFound(f"session {request.session_id} is closed")
            if not self._free:
                raise PortsExhausted(f"{self._capacity} sessions are open")
            self._hear(request.owner, request.epoch)
            session = Session(request.owner, request.epoch, self._free.pop(0))
            self.sessions[request.session_id] = session
        first = 10_000 + 4 * session.ports
        return pb.OpenResponse(
            leg_a=_local(first), leg_b=_local(first + 2), media_instance=INSTANCE
        )

    async def Connect(self, request: pb.ConnectRequest, context: Context) -> pb.ConnectResponse:
        session = self._session(request.session_id)
        session.answered = session.answered or request.answered
        return pb.ConnectResponse()

    async def Close(self, request: pb.CloseRequest, context: Context) -> pb.CloseResponse:
        if request.session_id not in self._closed:
            known = request.session_id in self.sessions
            self._end(request.session_id)  # an unknown one, too: its Open may still come, too late
            if not known:
                raise NotFound(f"session {request.session_id} is not open")
        return pb.CloseResponse(statistics=common.MediaStatistics(leg_a=CARRIED, leg_b=CARRIED))

    async def Statistics(
        self, request: pb.StatisticsRequest, context: Context
    ) -> pb.StatisticsResponse:
        leg = pb.LegStatistics(received=CARRIED)
        known = filter(self.sessions.__contains__, request.session_ids)
        return pb.StatisticsResponse(
            sessions=(pb.SessionStatistics(session_id=one, leg_a=leg, leg_b=leg) for one in known)
        )

    async def Events(
        self, request: pb.EventsRequest, context: Context
    ) -> AsyncIterator[pb.EventsResponse]:
        queue: asyncio.Queue[pb.EventsResponse] = asyncio.Queue()
        listeners = self._listeners.setdefault(request.owner, set())
        listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            listeners.discard(queue)

    async def Load(self, request: pb.LoadRequest, context: Context) -> pb.LoadResponse:
        return pb.LoadResponse(
            media_instance=INSTANCE, sessions=len(self.sessions), capacity=self._capacity
        )

    async def RenewLeases(
        self, request: pb.RenewLeasesRequest, context: Context
    ) -> pb.RenewLeasesResponse:
        self._hear(request.owner, request.epoch)
        owned = sum(session.owner == request.owner for session in self.sessions.values())
        return pb.RenewLeasesResponse(sessions=owned)

    async def Play(self, request: pb.PlayRequest, context: Context) -> pb.PlayResponse:
        return pb.PlayResponse()

    async def StopPlay(self, request: pb.StopPlayRequest, context: Context) -> pb.StopPlayResponse:
        return pb.StopPlayResponse()

    async def SendDigits(
        self, request: pb.SendDigitsRequest, context: Context
    ) -> pb.SendDigitsResponse:
        return pb.SendDigitsResponse()

    async def Drain(self, request: pb.DrainRequest, context: Context) -> pb.DrainResponse:
        return pb.DrainResponse(sessions=len(self.sessions))

    # --- inside

    def _session(self, session_id: str) -> Session:
        session = self.sessions.get(session_id)
        if session is None:
            raise NotFound(f"session {session_id} is not open")
        return session

    def _hear(self, owner: str, epoch: str) -> None:
        """Take a sign of life; a new epoch has lost the sessions of the old one."""
        self._heard[owner] = epoch, asyncio.get_running_loop().time()
        for session_id, session in list(self.sessions.items()):
            if session.owner == owner and session.epoch != epoch:
                self._end(session_id)

    def _lose(self, owner: str, explanation: str) -> None:
        for session_id, session in list(self.sessions.items()):
            if session.owner == owner:
                self._end(session_id)
                closed = pb.SessionClosed(explanation=explanation)
                self._tell(owner, pb.EventsResponse(session_id=session_id, session_closed=closed))

    def _end(self, session_id: str) -> None:
        session = self.sessions.pop(session_id, None)
        if session is not None:
            self._free.append(session.ports)
        self._closed[session_id] = asyncio.get_running_loop().time()

    def _tell(self, owner: str, event: pb.EventsResponse) -> None:
        for queue in self._listeners.get(owner, ()):
            queue.put_nowait(event)


def _local(port: int) -> pb.LocalMedia:
    return pb.LocalMedia(
        rtp=common.SocketAddress(ip=HOST, port=port),
        rtcp=common.SocketAddress(ip=HOST, port=port + 1),
    )
