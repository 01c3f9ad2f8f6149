"""Parameters over gRPC: translation only."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from trunkline.common.v1 import parameters_pb2 as pb
from trunkline.common.v1.parameters_pb2_grpc import ParametersServiceServicer

from ..faults import InvalidArgument
from ..rights import UNGUARDED, Action, Rights, Write
from ..rpc import Context
from .declarations import AnyParameter, ParameterKind
from .registry import Change, Parameters, show
from .store import PastChange, StoredParameters

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100

WRITING: Final = Action("parameters", ("Parameters",))

TYPES: Final = {
    kind: pb.ParameterType.Value(f"PARAMETER_TYPE_{kind.name}") for kind in ParameterKind
}


class ParametersServicer(ParametersServiceServicer):
    """Answers for one service's parameters."""

    def __init__(self, stored: StoredParameters, rights: Rights = UNGUARDED) -> None:
        self._stored = stored
        self._rights = rights

    async def ListParameters(
        self, request: pb.ListParametersRequest, context: Context
    ) -> pb.ListParametersResponse:
        values = self._stored.values
        return pb.ListParametersResponse(
            parameters=[
                parameter_to_proto(values, parameter)
                for parameter in values.declared.values()
                if request.scope in ("", parameter.scope)
                and parameter.name.startswith(request.name_prefix)
            ]
        )

    async def GetParameter(
        self, request: pb.GetParameterRequest, context: Context
    ) -> pb.GetParameterResponse:
        values = self._stored.values
        return pb.GetParameterResponse(
            parameter=parameter_to_proto(values, values.find(request.name))
        )

    async def SetParameters(
        self, request: pb.SetParametersRequest, context: Context
    ) -> pb.SetParametersResponse:
        if not request.values:
            raise InvalidArgument("values: at least one parameter is needed")
        author = await self._rights.admit(context, [WRITING]) or request.author
        changes = await self._stored.set(request.values, author)
        await self._rights.record(context, author, _writes(changes))
        return pb.SetParametersResponse(changes=_changes(changes, author))

    async def ResetParameters(
        self, request: pb.ResetParametersRequest, context: Context
    ) -> pb.ResetParametersResponse:
        if not request.names:
            raise InvalidArgument("names: at least one parameter is needed")
        author = await self._rights.admit(context, [WRITING]) or request.author
        changes = await self._stored.reset(request.names, author)
        await self._rights.record(context, author, _writes(changes))
        return pb.ResetParametersResponse(changes=_changes(changes, author))

    async def ListParameterChanges(
        self, request: pb.ListParameterChangesRequest, context: Context
    ) -> pb.ListParameterChangesResponse:
        limit = request.page_size or DEFAULT_PAGE
        if limit > MAX_PAGE:
            raise InvalidArgument(f"page_size: must be in 1-{MAX_PAGE}")
        past = await self._stored.history(request.name, limit)
        return pb.ListParameterChangesResponse(changes=[_past_change(change) for change in past])

    async def WatchParameters(
        self, request: pb.WatchParametersRequest, context: Context
    ) -> AsyncIterator[pb.WatchParametersResponse]:
        values = self._stored.values
        watched = {values.find(name).name for name in request.names} or set(values.declared)
        changed = set(watched)
        wake = asyncio.Event()

        def note(changes: Sequence[Change]) -> None:
            changed.update(change.parameter.name for change in changes)
            wake.set()

        end = values.subscribe(note)
        try:
            while True:
                if names := sorted(changed & watched):
                    changed.clear()
                    yield pb.WatchParametersResponse(
                        parameters=[
                            parameter_to_proto(values, values.declared[name]) for name in names
                        ]
                    )
                await wake.wait()
                wake.clear()
        finally:
            end()


def parameter_to_proto(values: Parameters, parameter: AnyParameter) -> pb.Parameter:
    """Return a parameter with its present value, as people may see it."""
    return pb.Parameter(
        name=parameter.name,
        value=show(parameter, values.text(parameter)),
        default_value=show(parameter, parameter.spell(parameter.default)),
        type=TYPES[parameter.kind],
        range=parameter.range,
        unit=parameter.unit,
        options=parameter.options,
        meaning=parameter.meaning,
        aliases=parameter.aliases,
        secret=parameter.secret,
        scope=parameter.scope,
        is_set=values.is_set(parameter),
    )


def _writes(changes: Sequence[Change]) -> list[Write]:
    return [Write(f"Parameters/{each.parameter.name}", *each.shown) for each in changes]


def _changes(changes: Sequence[Change], author: str) -> list[pb.ParameterChange]:
    result = []
    for change in changes:
        old, new = change.shown
        message = pb.ParameterChange(
            name=change.parameter.name, old_value=old, new_value=new, author=author
        )
        message.change_time.GetCurrentTime()
        result.append(message)
    return result


def _past_change(change: PastChange) -> pb.ParameterChange:
    message = pb.ParameterChange(
        name=change.name, old_value=change.old, new_value=change.new, author=change.author
    )
    message.change_time.FromDatetime(change.at)
    return message
