"""When an entry of period control holds (RTE-20, RTE-21)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.routing import Bench
from trunkline_routing.candidates.reasons import Excluded
from trunkline_routing.documents.periods import Period
from trunkline_routing.model.schedule import compile_span

SUNDAY = datetime(2026, 1, 11, tzinfo=UTC)


def holds(at: datetime, **period: object) -> bool:
    span = compile_span(Period.model_validate(period))
    return span.holds(at, lambda name, local: local.weekday() < 5)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        pytest.param(timedelta(hours=8), True, id="the begin is included"),
        pytest.param(timedelta(hours=17, minutes=59, seconds=59), True, id="just before the end"),
        pytest.param(timedelta(hours=18), False, id="the end is not"),
    ],
)
def test_a_span_has_its_begin_but_not_its_end(time: timedelta, expected: bool) -> None:
    assert holds(SUNDAY + time, begin="08:00", end="18:00") == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(SUNDAY + timedelta(hours=21), True, id="Sunday evening"),
        pytest.param(SUNDAY + timedelta(days=1, hours=7), True, id="the morning after"),
        pytest.param(SUNDAY + timedelta(hours=7), False, id="the morning before"),
        pytest.param(SUNDAY + timedelta(days=1, hours=21), False, id="Monday evening"),
    ],
)
def test_a_span_over_midnight_belongs_to_the_day_it_starts_on(at: datetime, expected: bool) -> None:
    assert holds(at, weekdays=["sunday"], begin="20:00", end="08:00") == expected


def test_midnight_at_the_end_is_the_whole_day() -> None:
    assert holds(SUNDAY + timedelta(hours=23, minutes=59, seconds=59), begin="18:00", end="24:00")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(SUNDAY + timedelta(hours=12), True, id="off"),
        pytest.param(SUNDAY + timedelta(days=1, hours=12), False, id="working"),
        pytest.param(SUNDAY + timedelta(days=1, hours=2), True, id="the night of an off day"),
    ],
)
def test_a_calendar_may_stand_for_weekdays(at: datetime, expected: bool) -> None:
    """MGT-05."""
    calendar = {"name": "uk", "days": "off"}

    assert holds(at, calendar=calendar, begin="06:00", end="05:00") == expected


@pytest.mark.parametrize(
    "period",
    [
        pytest.param({"begin": "08:00", "end": "08:00"}, id="empty"),
        pytest.param({"begin": "24:00", "end": "08:00"}, id="begins at the end"),
        pytest.param({"begin": "25:00"}, id="no such hour"),
        pytest.param({"begin": "8:00"}, id="one digit"),
        pytest.param({"weekdays": ["funday"]}, id="no such day"),
        pytest.param(
            {"weekdays": ["monday"], "calendar": {"name": "uk", "days": "off"}}, id="both kinds"
        ),
    ],
)
def test_a_period_that_means_nothing_is_refused(period: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Period.model_validate(period)


async def test_capacity_follows_the_hour() -> None:
    """RTE-20: 200 by day, 400 in the evening, cut down to 1 and 2."""
    day = {"begin": "00:00", "end": "18:00", "calls": 1}
    evening = {"begin": "18:00", "end": "24:00", "calls": 2}
    bench = Bench(routing={"a": {"periods": {"capacity": [day, evening]}}})
    bench.now = SUNDAY + timedelta(hours=17, minutes=59, seconds=59)
    await bench.plan()
    assert bench.verdict("a").excluded is Excluded.CAPACITY

    bench.now = SUNDAY + timedelta(hours=18)
    await bench.plan()


async def test_the_smallest_of_several_limits_wins() -> None:
    """RTE-20."""
    periods = {"capacity": [{"calls": 5}, {"calls": 0}, {"calls": 7}]}

    assert "0 of 0 calls" in Bench(routing={"a": {"periods": periods}}).verdict("a").text


async def test_a_period_plan_replaces_the_gateways_own() -> None:
    """RTE-21."""
    night = {"begin": "20:00", "end": "08:00", "calleeDialPlan": "44:0044"}
    bench = Bench(
        routing={
            "a": {"numbers": {"calleeDialPlan": "44:9"}, "periods": {"dialPlans": [night]}},
        }
    )
    bench.now = SUNDAY + timedelta(hours=12)
    assert (await bench.plan("441")).first.numbers.callee == "91"

    bench.now = SUNDAY + timedelta(hours=22)
    assert (await bench.plan("441")).first.numbers.callee == "00441"


async def test_a_period_priority_replaces_the_gateways_own() -> None:
    """RTE-21."""
    night = {"begin": "20:00", "end": "08:00", "priority": 1}
    bench = Bench(routing={"a": {"priority": 5}, "b": {"periods": {"priorities": [night]}}})
    bench.now = SUNDAY + timedelta(hours=12)
    assert (await bench.plan()).first.endpoint.name == "a"

    bench.now = SUNDAY + timedelta(hours=22)
    assert (await bench.plan()).first.endpoint.name == "b"


@pytest.mark.parametrize(
    ("hour", "position"), [pytest.param(21, 0, id="at night"), pytest.param(10, 1, id="by day")]
)
async def test_a_prefix_may_be_denied_for_a_time(hour: int, position: int) -> None:
    """RTE-21."""
    night = {"begin": "20:00", "end": "08:00", "mode": "deny", "prefixes": ["1900"]}
    bench = Bench(routing={"a": {"periods": {"restrictions": [night]}}})
    bench.now = SUNDAY + timedelta(hours=hour)

    assert bench.verdict("a", "19005551234").position == position


async def test_an_allow_list_keeps_all_other_prefixes_out() -> None:
    """RTE-21."""
    always = {"mode": "allow", "prefixes": ["1900"]}
    bench = Bench(routing={"a": {"periods": {"restrictions": [always]}}})

    assert bench.verdict("a", "19005551234").position == 1
    assert bench.verdict("a", "442071234567").excluded is Excluded.PERIOD


async def test_periods_go_by_the_platforms_own_clock() -> None:
    day = {"begin": "00:00", "end": "12:00", "mode": "deny", "prefixes": [""]}
    bench = Bench(routing={"a": {"periods": {"restrictions": [day]}}})
    bench.now = SUNDAY + timedelta(hours=4)
    bench.view.zone = ZoneInfo("Asia/Shanghai")

    assert bench.verdict("a").position == 1
