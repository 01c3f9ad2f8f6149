"""MediaService: decode, call, encode."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.media.v1 import media_pb2
from trunkline.media.v1.media_pb2_grpc import MediaServiceServicer
from trunkline_engine import Engine, VoiceFormat
from trunkline_kernel.node import Node
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.rpc import Context

from ..audio import AudioLibrary
from ..control import MediaControl
from ..domain.legs import LegName
from ..domain.session import Opening, Playing
from ..errors import InvalidRequest
from ..parameters import RTP_INTERRUPT_TIMEOUT
from .messages import (
    closed_to_proto,
    event_to_proto,
    leg_name_from_proto,
    legs_from_proto,
    progress_to_proto,
    set_local,
)

LONGEST_PLAY: Final = timedelta(seconds=60)
"""For a sound that isn't looped (MED-10)."""

G711: Final = ("PCMA", "PCMU")
"""Codecs of the engine itself; the others come from libraries."""

DIGIT_DURATION: Final = timedelta(milliseconds=160)
"""Of a digit that came without one (MED-06)."""

MOST_SESSIONS: Final = 1000
"""Whose statistics one request may ask for."""


class MediaServicer(MediaServiceServicer):
    """Answers for one media instance."""

    def __init__(
        self,
        node: Node,
        control: MediaControl,
        engine: Engine,
        parameters: Parameters,
        audio: AudioLibrary,
        recordings: Path,
    ) -> None:
        self._node = node
        self._control = control
        self._engine = engine
        self._parameters = parameters
        self._audio = audio
        self._recordings = recordings
        self._convertible = convertible_codecs(engine)

    async def Open(
        self, request: media_pb2.OpenRequest, context: Context
    ) -> media_pb2.OpenResponse:
        limit = timedelta(seconds=self._parameters[RTP_INTERRUPT_TIMEOUT])
        if request.HasField("silence_limit"):
            limit = request.silence_limit.ToTimedelta()
        opening = Opening(
            session_id=request.session_id,
            owner=request.owner,
            epoch=request.epoch,
            legs=legs_from_proto(request),
            silence_limit=limit,
            recording=self._recording(request.session_id) if request.record else None,
        )
        session = self._control.sessions.open(opening, self._control.now())
        response = media_pb2.OpenResponse(
            media_instance=self._node.name, convertible_codecs=self._convertible
        )
        set_local(response.leg_a, session.local[LegName.A])
        set_local(response.leg_b, session.local[LegName.B])
        return response

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
        audio = await asyncio.to_thread(self._audio.find, request.audio)
        limit = None if request.loop else LONGEST_PLAY
        if request.HasField("max_duration"):
            limit = request.max_duration.ToTimedelta()
        leg = leg_name_from_proto(request.leg)
        playing = Playing(leg, request.audio, audio, request.loop, limit)
        self._control.sessions.play(request.session_id, playing)
        response = media_pb2.PlayResponse()
        response.length.FromTimedelta(audio.length)
        return response

    async def StopPlay(
        self, request: media_pb2.StopPlayRequest, context: Context
    ) -> media_pb2.StopPlayResponse:
        self._control.sessions.stop_play(request.session_id, leg_name_from_proto(request.leg))
        return media_pb2.StopPlayResponse()

    async def SendDigits(
        self, request: media_pb2.SendDigitsRequest, context: Context
    ) -> media_pb2.SendDigitsResponse:
        duration = DIGIT_DURATION
        if request.HasField("digit_duration"):
            duration = request.digit_duration.ToTimedelta()
        leg = leg_name_from_proto(request.leg)
        self._control.sessions.send_digits(request.session_id, leg, request.digits, duration)
        return media_pb2.SendDigitsResponse()

    async def Events(
        self, request: media_pb2.EventsRequest, context: Context
    ) -> AsyncIterator[media_pb2.EventsResponse]:
        with self._control.feed.listen(request.owner) as listener:
            async for event in listener.events():
                yield event_to_proto(event)

    async def Statistics(
        self, request: media_pb2.StatisticsRequest, context: Context
    ) -> media_pb2.StatisticsResponse:
        if len(request.session_ids) > MOST_SESSIONS:
            raise InvalidRequest(
                f"{len(request.session_ids)} session_ids: expected at most {MOST_SESSIONS}"
            )
        progress = await self._control.progress(request.session_ids)
        return media_pb2.StatisticsResponse(sessions=map(progress_to_proto, progress))

    async def Load(
        self, request: media_pb2.LoadRequest, context: Context
    ) -> media_pb2.LoadResponse:
        load = self._engine.load()
        return media_pb2.LoadResponse(
            media_instance=self._node.name,
            sessions=load.sessions,
            capacity=load.pairs // 2,
            busy=max(load.busy),
            draining=self._control.sessions.draining,
            codecs=[
                media_pb2.CodecLibrary(encoding=encoding, available=available, package=package)
                for encoding, available, package in self._engine.codecs()
            ],
            start_time=Timestamp(seconds=int(self._node.start_time)),
            version=self._node.version,
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

    def _recording(self, session_id: str) -> Path:
        """Return a session's file. Ids are peers' text: only harmless characters stay."""
        return self._recordings / f"{quote(session_id, safe='')}.wav"


def convertible_codecs(engine: Engine) -> Sequence[str]:
    """Return the codecs that can be converted into each other here, G.711 first (MED-03)."""
    known = (*G711, *(name for name, is_here, _ in engine.codecs() if is_here))
    return [name for name in known if all(engine.converts(*way) for way in _both_ways(name))]


def _both_ways(name: str) -> tuple[tuple[VoiceFormat, VoiceFormat], ...]:
    here, there = VoiceFormat(name, 0), VoiceFormat(G711[0], 0)
    return (here, there), (there, here)
