"""What instances say of one gateway, put together (SIG-14, SIG-16)."""

from datetime import UTC, datetime, timedelta

from trunkline_routing.calls.health import REPORTED, GatewayReport, MemoryHealth

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def said(published: int | None, at: float) -> list[GatewayReport]:
    return [GatewayReport("vox", published=published, publish_time=at)]


def test_sig14_what_a_gateway_said_last_holds_whichever_instance_heard_it() -> None:
    health = MemoryHealth()
    health.report("signaling-1", said(10, 100.0), NOON)
    health.report("signaling-2", said(20, 101.0), NOON)

    assert health.published("vox", NOON) == 20


def test_sig14_what_it_took_back_holds_no_more_though_another_instance_still_tells_it() -> None:
    health = MemoryHealth()
    health.report("signaling-1", said(10, 100.0), NOON)
    health.report("signaling-2", said(None, 101.0), NOON)

    assert health.published("vox", NOON) is None


def test_sig14_an_instance_that_is_silent_is_not_believed() -> None:
    health = MemoryHealth()
    health.report("signaling-1", said(10, 100.0), NOON)
    health.report("signaling-2", said(20, 101.0), NOON - REPORTED)

    assert health.published("vox", NOON + timedelta(seconds=1)) == 10
