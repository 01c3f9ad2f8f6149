"""Reports to billing: nothing waits for them, and little is lost while it is away (MGT-14)."""

import asyncio
from typing import Any

import pytest
from trunkline.common.v1 import reports_pb2 as pb
from trunkline_kernel.faults import InvalidArgument
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.names import Found, Name, Names, NotFound
from trunkline_kernel.reporting import MOST_WAITING, Reporter, unresolved
from trunkline_kernel.rpc import Unavailable

WRONG = pb.ReportedCondition(
    type=pb.CONDITION_TYPE_GATEWAY_UNREACHABLE, object="vox", holds=True, evidence="silent"
)


class Billing:
    """A channel to billing, which may be away."""

    def __init__(self) -> None:
        self.away = False
        self.refused = ""
        """Call id of a notice that it takes for wrong."""
        self.requests: list[Any] = []

    async def call(self, method: Any, request: Any, **_: Any) -> Any:
        """Take a request."""
        if self.away:
            raise Unavailable("billing is away")
        if isinstance(request, pb.SendNoticesRequest) and self.refused in _call_ids(request):
            raise InvalidArgument("notices.event: is required")
        self.requests.append(request)
        return method.response()

    @property
    def told(self) -> list[str]:
        """Call ids of the notices that came."""
        notices = [r for r in self.requests if isinstance(r, pb.SendNoticesRequest)]
        return [call_id for request in notices for call_id in _call_ids(request)]

    @property
    def reported(self) -> list[pb.ReportedCondition]:
        """What came last of conditions."""
        reports = [r for r in self.requests if isinstance(r, pb.ReportConditionsRequest)]
        return list(reports[-1].conditions)


def _call_ids(request: pb.SendNoticesRequest) -> list[str]:
    return [each.call_state.call_id for each in request.notices]


@pytest.fixture
def billing() -> Billing:
    return Billing()


def reporter_to(billing: Billing) -> Reporter:
    return Reporter(billing, "signaling/a", Metrics("signaling"))  # type: ignore[arg-type]


def moved(call_id: str) -> pb.Notice:
    return pb.Notice(call_state=pb.CallState(call_id=call_id, state="ringing"))


async def runs(reporter: Reporter, seconds: float) -> None:
    """Let it run for a while."""
    running = asyncio.create_task(reporter.run())
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_all_that_is_watched_is_reported(billing: Billing) -> None:
    reporter = reporter_to(billing)
    reporter.watch(lambda: [WRONG])

    await runs(reporter, 1)

    assert billing.reported == [WRONG]
    assert billing.requests[0].reporter == "signaling/a"


async def test_notices_wait_while_billing_is_away_and_keep_their_order(billing: Billing) -> None:
    reporter = reporter_to(billing)
    billing.away = True
    reporter.send(moved("first"))
    await runs(reporter, 10)
    reporter.send(moved("second"))

    billing.away = False
    await runs(reporter, 10)

    assert billing.told == ["first", "second"]


async def test_the_oldest_notices_go_when_too_many_wait(billing: Billing) -> None:
    reporter = reporter_to(billing)
    billing.away = True
    for number in range(MOST_WAITING + 1):
        reporter.send(moved(str(number)))
    await runs(reporter, 10)

    billing.away = False
    await runs(reporter, 10)

    assert len(billing.told) == MOST_WAITING
    assert (billing.told[0], billing.told[-1]) == ("1", str(MOST_WAITING))


async def test_a_notice_that_is_refused_does_not_hold_up_those_after_it(billing: Billing) -> None:
    reporter = reporter_to(billing)
    billing.refused = "bad"
    reporter.send(moved("bad"))
    await runs(reporter, 1)

    reporter.send(moved("good"))
    await runs(reporter, 1)

    assert billing.told == ["good"]


async def test_notices_alone_repeat_no_report(billing: Billing) -> None:
    reporter = reporter_to(billing)
    running = asyncio.create_task(reporter.run())
    for number in range(10):
        reporter.send(moved(str(number)))
        await asyncio.sleep(1)
    running.cancel()

    reports = [r for r in billing.requests if isinstance(r, pb.ReportConditionsRequest)]
    assert (len(reports), len(billing.told)) == (1, 10)


async def test_a_change_is_reported_at_once_and_all_again_every_15_s(billing: Billing) -> None:
    reporter = reporter_to(billing)
    running = asyncio.create_task(reporter.run())
    await asyncio.sleep(1)

    reporter.stir()
    await asyncio.sleep(1)
    changed = len(billing.requests)
    await asyncio.sleep(60)
    running.cancel()

    assert (changed, len(billing.requests)) == (2, 5)


class LookUp:
    """Knows one host."""

    async def look_up(self, name: Name) -> Found:
        """Return its address."""
        if name.host != "known.example":
            raise NotFound("NXDOMAIN")
        return Found((("192.0.2.1", 5060),), 60.0)


async def test_mgt_06_a_name_that_was_never_resolved_is_wrong_and_another_is_not() -> None:
    names = Names(LookUp())
    for host in ("known.example", "unknown.example"):
        await names.find(Name(host))

    assert {each.object: (each.holds, each.evidence) for each in unresolved(names)} == {
        "known.example": (False, ""),
        "unknown.example": (True, "NXDOMAIN"),
    }
