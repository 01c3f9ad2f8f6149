"""PeerReconciliationService over gRPC: books compared with peers (BIL-14)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from trunkline.billing.v1 import reconciliation_pb2 as pb
from trunkline.billing.v1.reconciliation_pb2_grpc import PeerReconciliationServiceServicer
from trunkline_kernel.rpc import Context

from ..cdrs.query import page_limit
from ..errors import BadInput
from ..reconciliation.office import ReconciliationOffice
from ..reconciliation.peer import DAY, Record, Status
from ..store.reconciliations import Reconciliations
from . import decode, encode, pages

STATES: Final = {
    Status.MATCHED: pb.RECONCILIATION_STATE_MATCHED,
    Status.DEVIATION: pb.RECONCILIATION_STATE_DEVIATION,
    Status.NO_ANSWER: pb.RECONCILIATION_STATE_NO_ANSWER,
    Status.REFUSED: pb.RECONCILIATION_STATE_REFUSED,
}


class ReconciliationServicer(PeerReconciliationServiceServicer):
    """Answers for the peers of one billing service."""

    def __init__(
        self,
        office: ReconciliationOffice,
        records: Reconciliations,
        clock: Callable[[], datetime],
    ) -> None:
        self._office = office
        self._records = records
        self._clock = clock

    async def ReconcilePeer(
        self, request: pb.ReconcilePeerRequest, context: Context
    ) -> pb.ReconcilePeerResponse:
        found = await self._office.run(
            decode.required(request.peer, "peer"), self._day(request.day), calls=request.with_calls
        )
        answer = pb.ReconcilePeerResponse(reconciliation=_record(found.record))
        if found.calls is not None:
            answer.matched = found.calls.matched
            answer.disputed = format(found.calls.disputed, "f")
            answer.disputes.extend(encode.disputes(found.calls))
            answer.dispute_count = len(found.calls.disputes)
        return answer

    async def ListPeerReconciliations(
        self, request: pb.ListPeerReconciliationsRequest, context: Context
    ) -> pb.ListPeerReconciliationsResponse:
        limit = page_limit(request.page_size)
        found = await self._records.page(
            decode.clean(request.peer), pages.record_before(request.page_token), limit
        )
        more = pages.record_token(found[-1].day, found[-1].peer) if len(found) == limit else ""
        return pb.ListPeerReconciliationsResponse(
            reconciliations=[_record(one) for one in found], next_page_token=more
        )

    def _day(self, text: str) -> date:
        """Return the day asked for; yesterday when none is."""
        today = self._clock().astimezone(UTC).date()
        if not text:
            return today - DAY
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise BadInput(f"day {text!r}: expected a date such as 2026-03-01") from None
        if day >= today:
            raise BadInput(f"day {text}: is not over, its books cannot be compared yet")
        return day


def _record(record: Record) -> pb.PeerReconciliation:
    return pb.PeerReconciliation(
        peer=record.peer,
        day=record.day.isoformat(),
        state=STATES[record.status],
        check_time=encode.timestamp(record.checked_at),
        ours=encode.totals(record.ours.totals),
        theirs=None if record.theirs is None else encode.totals(record.theirs.totals),
        currency=record.ours.currency or "",
        explanation=record.explanation,
    )
