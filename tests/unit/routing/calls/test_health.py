"""What instances say of one gateway, put together (SIG-14, SIG-16)."""

from datetime import UTC, datetime, timedelta

from trunkline_routing.calls.health import REPORTED, Condition, GatewayReport, MemoryHealth

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def said(published: int | None, at: float) -> list[GatewayReport]:
    return [GatewayReport("vox", published=published, publish_time=at)]


def test_sig14_what_a_gateway_said_last_holds_whichever_instance_heard_it() -> None:
    health = MemoryHealth()
    health.report("signaling-1", said(10, 100.0), NOON)
    health.report("signaling-2", said(20, 101.0), NOON)

    assert health.condition("vox", NOON).published == 20


def test_sig14_what_it_took_back_holds_no_more_though_another_instance_still_tells_it() -> None:
    health = MemoryHealth()
    health.report("signaling-1", said(10, 100.0), NOON)
    health.report("signaling-2", said(None, 101.0), NOON)

    assert health.condition("vox", NOON).published is None


def test_sig14_an_instance_that_is_silent_is_not_believed() -> None:
    health = MemoryHealth()
    health.report("signaling-1", said(10, 100.0), NOON)
    health.report("signaling-2", said(20, 101.0), NOON - REPORTED)

    assert health.condition("vox", NOON + timedelta(seconds=1)).published == 10


def test_sig26_a_retry_after_counts_at_once_and_ends_when_it_said() -> None:
    health = MemoryHealth()
    health.report("signaling-1", [GatewayReport("vox", reachable=True)], NOON)
    assert health.condition("vox", NOON) == Condition(reachable=True)

    health.disable("vox", timedelta(seconds=10), NOON)

    assert health.condition("vox", NOON).disabled_until == NOON + timedelta(seconds=10)
    assert health.condition("vox", NOON + timedelta(seconds=10)).disabled_until is None


def test_sig16_a_report_holds_for_half_a_minute_whenever_one_asks() -> None:
    health = MemoryHealth()
    health.report("signaling-1", [GatewayReport("vox", reachable=False)], NOON)

    late = health.condition("vox", NOON + timedelta(seconds=30))
    early = health.condition("vox", NOON)

    assert (late.reachable, early.reachable) == (None, False)
