"""trunkline.auth.v1.ListService: decode, ask the domain, encode."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.auth.v1 import lists_pb2 as pb
from trunkline.auth.v1.lists_pb2_grpc import ListServiceServicer
from trunkline.common.v1 import common_pb2
from trunkline_kernel.faults import FieldViolation, InvalidArgument
from trunkline_kernel.rpc import Context

from ..identity import Directory, EndpointId, EndpointKind
from ..lists import (
    PLATFORM,
    BlackList,
    EndedCall,
    Entry,
    EntryFilter,
    EntryKey,
    ListedFor,
    Party,
    ScreenedCall,
    Screener,
    Stopped,
    WhiteList,
)
from ..lists.imports import ImportMode
from ..store.number_lists import NumberLists, NumberListStore
from .decode import endpoint_id, invalid
from .encode import endpoint

_PARTIES: Final = {pb.PARTY_CALLER: Party.CALLER, pb.PARTY_CALLEE: Party.CALLEE}
_REASONS: Final = {
    pb.LISTED_FOR_MALICIOUS_CALLEE: ListedFor.MALICIOUS_CALLEE,
    pb.LISTED_FOR_MALICIOUS_CALLER: ListedFor.MALICIOUS_CALLER,
    pb.LISTED_FOR_NO_ANSWER: ListedFor.NO_ANSWER,
    pb.LISTED_FOR_CONCURRENT: ListedFor.CONCURRENT,
    pb.LISTED_FOR_MANUAL: ListedFor.MANUAL,
}
_MODES: Final = {
    pb.IMPORT_MODE_REPLACE: ImportMode.REPLACE,
    pb.IMPORT_MODE_ADD: ImportMode.ADD,
    pb.IMPORT_MODE_REMOVE: ImportMode.REMOVE,
}
_PARTY_VALUES: Final = {party: value for value, party in _PARTIES.items()}
_REASON_VALUES: Final = {reason: value for value, reason in _REASONS.items()}


class ListServicer(ListServiceServicer):
    """Answers signaling, and operators who keep lists."""

    def __init__(
        self,
        screener: Screener,
        black_list: BlackList,
        white_list: Callable[[], WhiteList],
        directory: Directory,
        store: NumberListStore,
        lists: NumberLists,
        clock: Callable[[], datetime],
    ) -> None:
        self._screener = screener
        self._black_list = black_list
        self._white_list = white_list
        self._directory = directory
        self._store = store
        self._lists = lists
        self._clock = clock

    async def Screen(self, request: pb.ScreenRequest, context: Context) -> pb.ScreenResponse:
        verdict = await self._screener.screen(self._call(request), self._clock())
        if isinstance(verdict, Stopped):
            return pb.ScreenResponse(stopped_by=entry_message(verdict.entry))
        return pb.ScreenResponse()

    async def ReportEnds(
        self, request: pb.ReportEndsRequest, context: Context
    ) -> pb.ReportEndsResponse:
        for ended in [self._ended(each) for each in request.ends]:
            await self._screener.ended(ended, self._clock())
        return pb.ReportEndsResponse()

    async def ListBlackEntries(
        self, request: pb.ListBlackEntriesRequest, context: Context
    ) -> pb.ListBlackEntriesResponse:
        wanted = EntryFilter(request.number, _REASONS.get(request.reason))
        found = await self._black_list.entries(wanted, self._clock())
        return pb.ListBlackEntriesResponse(entries=map(entry_message, found))

    async def AddBlackEntry(
        self, request: pb.AddBlackEntryRequest, context: Context
    ) -> pb.AddBlackEntryResponse:
        span = request.lifetime_duration.ToTimedelta()
        if span <= timedelta(0):
            raise invalid("lifetime_duration", "expected a time above zero")
        entry = await self._screener.add(_key(request), span, self._clock())
        return pb.AddBlackEntryResponse(entry=entry_message(entry))

    async def RemoveBlackEntries(
        self, request: pb.RemoveBlackEntriesRequest, context: Context
    ) -> pb.RemoveBlackEntriesResponse:
        wanted = EntryFilter(request.number, _REASONS.get(request.reason))
        removed = await self._screener.remove(wanted, self._clock())
        return pb.RemoveBlackEntriesResponse(removed=removed)

    async def ImportNumbers(
        self, request: pb.ImportNumbersRequest, context: Context
    ) -> pb.ImportNumbersResponse:
        mode = _MODES.get(request.mode)
        if mode is None:
            raise invalid("mode", "expected replace, add or remove")
        try:
            text = request.text.decode()
        except UnicodeDecodeError as error:
            raise invalid("text", f"expected UTF-8: {error.reason}") from None
        plan = await self._store.change(request.list, text, mode, dry_run=request.dry_run)
        if plan.errors:
            raise InvalidArgument(
                violations=[FieldViolation(f"line {e.number}", e.problem) for e in plan.errors]
            )
        return pb.ImportNumbersResponse(added=plan.added, removed=plan.removed, total=plan.total)

    async def RollBackNumbers(
        self, request: pb.RollBackNumbersRequest, context: Context
    ) -> pb.RollBackNumbersResponse:
        return pb.RollBackNumbersResponse(total=await self._store.roll_back(request.list))

    async def FindNumber(
        self, request: pb.FindNumberRequest, context: Context
    ) -> pb.FindNumberResponse:
        if not request.number:
            raise invalid("number", "expected a number")
        wanted = EntryFilter(request.number)
        found = await self._black_list.entries(wanted, self._clock())
        return pb.FindNumberResponse(
            lists=self._lists.holding(request.number),
            white=request.number in self._white_list(),
            entries=map(entry_message, found),
        )

    def _call(self, message: pb.ScreenRequest) -> ScreenedCall:
        if not message.call_id:
            raise invalid("call_id", "expected the Call-ID")
        if not message.callee:
            raise invalid("callee", "expected a number")
        gateway = endpoint_id(message.endpoint)
        known = self._directory.get(gateway)
        flagged = known is not None and known.counts_alone
        return ScreenedCall(message.call_id, message.caller, message.callee, str(gateway), flagged)

    def _ended(self, message: pb.EndedCall) -> EndedCall:
        gave_up = message.HasField("cancel_duration")
        return EndedCall(
            self._call(message.call),
            message.answered,
            message.reached,
            message.busy,
            message.cancel_duration.ToTimedelta() if gave_up else None,
        )


def entry_message(entry: Entry) -> pb.BlackEntry:
    """Return an entry as it is shown and published."""
    message = pb.BlackEntry(
        party=_PARTY_VALUES[entry.key.party],
        number=entry.key.number,
        reason=_REASON_VALUES[entry.reason],
        create_time=_timestamp(entry.created),
        expire_time=_timestamp(entry.expires),
        hits=entry.hits,
    )
    if entry.key.scope != PLATFORM:
        kind, _, name = entry.key.scope.partition("/")
        message.gateway.CopyFrom(endpoint(EndpointId(EndpointKind(kind), name)))
    return message


def _key(message: pb.AddBlackEntryRequest) -> EntryKey:
    party = _PARTIES.get(message.party)
    if party is None:
        raise invalid("party", "expected caller or callee")
    if not message.number:
        raise invalid("number", "expected a number")
    gateway: common_pb2.Endpoint = message.gateway
    scope = str(endpoint_id(gateway)) if message.HasField("gateway") else PLATFORM
    return EntryKey(party, message.number, scope)


def _timestamp(value: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(value)
    return message
