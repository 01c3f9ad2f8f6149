"""CDRs for calls that were lost with the process that had them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from trunkline.billing.v1.billing_pb2 import Cdr
from trunkline.common.v1.common_pb2 import CALL_END_REASON_INTERNAL_ERROR, END_DIRECTION_SERVER

from .outbox import Abandoned


def recovered(abandoned: Abandoned) -> Iterator[Cdr]:
    """Yield the CDR of each abandoned call: it ended when its process was last alive.

    A call that was answered after the last stamp ended at its answer.
    """
    alive = datetime.fromtimestamp(abandoned.alive_time, UTC)
    for data in abandoned.cdrs:
        cdr = Cdr.FromString(data)
        answered = cdr.answer_time.ToDatetime(UTC)
        cdr.end_time.FromDatetime(max(alive, answered))
        cdr.end_direction = END_DIRECTION_SERVER
        cdr.call_end_reason = CALL_END_REASON_INTERNAL_ERROR
        cdr.recovered_by = "outbox journal after a restart"
        yield cdr
