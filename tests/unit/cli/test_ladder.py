"""The ladder: who stands where, and which way the arrows point."""

from datetime import UTC, datetime, timedelta

from trunkline_cli.ladder import Event, Kind, LiveLadder, draw, plain

START = datetime(2026, 11, 23, 10, 21, 3, tzinfo=UTC)
CALLER, BROKEN, WORKING = "192.0.2.1:5060", "198.51.100.1:5060", "198.51.100.2:5060"


def event(after_ms: int, kind: Kind, peer: str, summary: str, sdp: bool = False) -> Event:
    return Event(START + timedelta(milliseconds=after_ms), kind, peer, summary, "call-1", sdp)


FAILOVER = [
    event(0, Kind.RECEIVED, CALLER, "INVITE sip:4420@192.0.2.9 SIP/2.0", sdp=True),
    event(1, Kind.SENT, CALLER, "SIP/2.0 100 Trying"),
    event(2, Kind.DECISION, "auth", "allow mapping gateway acme-pbx"),
    event(4, Kind.SENT, BROKEN, "INVITE sip:4420@198.51.100.1 SIP/2.0"),
    event(9, Kind.RECEIVED, BROKEN, "SIP/2.0 503 Service Unavailable"),
    event(10, Kind.SENT, WORKING, "INVITE sip:4420@198.51.100.2 SIP/2.0"),
]


def test_a_call_is_one_ladder_over_all_its_legs() -> None:
    lines = plain(draw(FAILOVER, width=100)).splitlines()

    assert lines[0].split() == [CALLER, "trunkline", BROKEN, WORKING]
    assert len(lines) == 2 + len(FAILOVER)


def test_a_message_received_points_at_the_switch() -> None:
    received, sent = plain(draw(FAILOVER)).splitlines()[2:4]

    assert "INVITE 4420 (SDP)" in received
    assert received.index("▶") > received.index("INVITE")
    assert sent.index("◀") < sent.index("100 Trying")


def test_a_decision_stands_at_the_switch() -> None:
    lines = plain(draw(FAILOVER)).splitlines()

    assert lines[4].index("◆ auth: allow mapping gateway acme-pbx") == lines[1].index("│", 30)


def test_events_are_put_in_time_order() -> None:
    assert plain(draw(FAILOVER[::-1])).splitlines()[2:] == plain(draw(FAILOVER)).splitlines()[2:]


def test_an_arrow_passes_over_lanes_between() -> None:
    last = plain(draw(FAILOVER)).splitlines()[-1]

    assert last.count("│") == 3
    assert last.endswith("▶│")


def test_a_live_ladder_draws_a_new_head_when_a_party_joins() -> None:
    ladder = LiveLadder(width=100)

    first = [line.plain for line in ladder.add(FAILOVER[0])]
    second = [line.plain for line in ladder.add(FAILOVER[1])]
    third = [line.plain for line in ladder.add(FAILOVER[3])]

    assert CALLER in first[1]
    assert len(second) == 1
    assert BROKEN in third[1]


def test_a_drop_is_shown_without_a_lane() -> None:
    lines = plain(draw([event(0, Kind.DROPPED, "auth", "unauthorized")])).splitlines()

    assert "✗ auth: unauthorized" in lines[-1]
