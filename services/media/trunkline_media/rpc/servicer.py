"""MediaService: decode, call, encode."""

from collections.abc import AsyncIterator
from datetime import timedelta

from trunkline.media.v1 import media_pb2
from trunkline.media.v1.media_pb2_grpc import MediaServiceServicer
from trunkline_engine import Engine
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.rpc import Context

from ..control import MediaControl
from ..domain.legs import LegName
from ..domain.sessions import Opening
from ..errors import NotOffered
from ..parameters import RTP_INTERRUPT_TIMEOUT
from .messages import closed_to_proto, event_to_proto, legs_from_proto, local_to_proto


class MediaServicer(MediaServiceServicer):
    """Answers for one media instance."""

    def __init__(
        self,
        instance: str,
        control: MediaControl,
        engine: Engine,
        parameters: Parameters,
    ) -> None:
        self._instance = instance
        self._control = control
        self._engine = engine
        self._parameters = parameters

    async def Open(
        self, request: media_pb2.OpenRequest, context: Context
    ) -> media_pb2.OpenResponse:
        if request.record:
            raise NotOffered("recording (MED-14) is not offered by this instance")
        limit = timedelta(seconds=self._parameters[RTP_INTERRUPT_TIMEOUT])
        if request.HasField("silence_limit"):
            limit = request.silence_limit.ToTimedelta()
        opening = Opening(
            session_id=request.session_id,
            owner=request.owner,
            epoch=request.epoch,
            legs=legs_from_proto(request),
            silence_limit=limit,
        )
        session = self._control.sessions.open(opening, self._control.now())
        return media_pb2.OpenResponse(
            leg_a=local_to_proto(session.local[LegName.A]),
            leg_b=local_to_proto(session.local[LegName.B]),
            media_instance=self._instance,
        )

    async def Connect(
        self, request: media_pb2.ConnectRequest, context: Context
    ) -> media_pb2.ConnectResponse:
        legs = legs_from_proto(request)
        self._control.sessions.connect(request.session_id, legs, answered=request.answered)
        return media_pb2.ConnectResponse()

    async def Close(
        self, request: media_pb2.CloseRequest, context: Context
    ) -> media_pb2.CloseResponse:
        return closed_to_proto(await self._control.close(request.session_id))

    async def Play(
        self, request: media_pb2.PlayRequest, context: Context
    ) -> media_pb2.PlayResponse:
        raise NotOffered("playing audio (MED-10, MED-11) is not offered by this instance")

    async def StopPlay(
        self, request: media_pb2.StopPlayRequest, context: Context
    ) -> media_pb2.StopPlayResponse:
        raise NotOffered("playing audio (MED-10, MED-11) is not offered by this instance")

    async def SendDigits(
        self, request: media_pb2.SendDigitsRequest, context: Context
    ) -> media_pb2.SendDigitsResponse:
        raise NotOffered("sending DTMF (MED-06) is not offered by this instance")

    async def Events(
        self, request: media_pb2.EventsRequest, context: Context
    ) -> AsyncIterator[media_pb2.EventsResponse]:
        with self._control.feed.listen(request.owner) as listener:
            async for event in listener.events():
                yield event_to_proto(event)

    async def Load(
        self, request: media_pb2.LoadRequest, context: Context
    ) -> media_pb2.LoadResponse:
        load = self._engine.load()
        return media_pb2.LoadResponse(
            media_instance=self._instance,
            sessions=load.sessions,
            capacity=load.pairs // 2,
            busy=max(load.busy),
            draining=self._control.sessions.draining,
        )

    async def RenewLeases(
        self, request: media_pb2.RenewLeasesRequest, context: Context
    ) -> media_pb2.RenewLeasesResponse:
        sessions = self._control.sessions.renew(request.owner, request.epoch, self._control.now())
        return media_pb2.RenewLeasesResponse(sessions=sessions)

    async def Drain(
        self, request: media_pb2.DrainRequest, context: Context
    ) -> media_pb2.DrainResponse:
        self._control.drain()
        return media_pb2.DrainResponse(sessions=len(self._control.sessions))
