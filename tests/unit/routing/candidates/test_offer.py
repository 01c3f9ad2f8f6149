"""What is sent to a candidate: numbers, headers, rules of failover (RTE-02, RTE-09, SIG-12)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from support.routing import Bench
from trunkline_routing.calls.health import GatewayReport
from trunkline_routing.candidates.offer import Offer
from trunkline_routing.candidates.reasons import Excluded
from trunkline_routing.parameters import Parameters, Sequence

CREDENTIALS = {"username": "4711", "password": "swordfish"}


async def test_each_vendor_gets_the_numbers_its_own_rules_make() -> None:
    """RTE-02, acceptance (a)."""
    bench = Bench(
        mapping={"acme": {"numbers": {"calleeTransform": True}}},
        routing={
            "a": {"priority": 1, "numbers": {"calleeDialPlan": "1:"}},
            "b": {"priority": 2, "numbers": {"calleeDialPlan": "*:00"}},
        },
        transforms={
            "own": {
                "rows": [
                    {"original": "2015551234", "target": "12015551234", "party": "callee"},
                ]
            }
        },
    )
    first = (await bench.plan("2015551234", id="call")).first
    second = await bench.fail("call", 1, "a")

    assert isinstance(second, Offer)
    assert first.numbers.callee == "2015551234"
    assert second.numbers.callee == "0012015551234"


async def test_access_billing_and_sent_numbers_are_told_apart() -> None:
    """RTE-02, acceptance (c)."""
    bench = Bench(
        mapping={"acme": {"numbers": {"calleeDialPlan": "0:44"}}},
        routing={"a": {"numbers": {"calleeDialPlan": "44:0044"}}},
    )
    decision = await bench.route("02071234567")
    plan = await bench.plan("02071234567")

    assert decision.known.access is not None
    assert decision.known.access.callee == "02071234567"
    assert plan.first.steps[0].before == "442071234567"
    assert plan.first.numbers.callee == "00442071234567"


async def test_a_gateway_whose_own_checks_refuse_is_skipped() -> None:
    """RTE-25: the check sees the number as sent."""
    bench = Bench(
        routing={
            "a": {
                "priority": 1,
                "numbers": {"calleeDialPlan": "44:"},
                "checks": {"calleePrefixes": {"mode": "allow", "prefixes": ["44"]}},
            },
            "b": {"priority": 2},
        }
    )

    assert (await bench.plan()).first.endpoint.name == "b"
    assert bench.verdict("a").excluded is Excluded.NUMBERS


async def test_a_gateway_that_makes_the_number_too_long_is_skipped() -> None:
    bench = Bench(
        routing={
            "a": {"priority": 1, "numbers": {"calleeDialPlan": f"*:{'9' * 30}"}},
            "b": {"priority": 2},
        }
    )

    assert (await bench.plan()).first.endpoint.name == "b"


async def test_from_and_asserted_identity_are_rewritten_apart() -> None:
    """SIG-12, acceptance (a)."""
    bench = Bench(
        routing={
            "a": {
                "numbers": {"callerDialPlan": "555:1555", "assertedIdentityPlan": "555:44555"},
                "identity": {"asserted": "caller"},
            }
        }
    )
    first = (await bench.plan(caller="5551234")).first

    assert first.numbers.caller == "15551234"
    assert first.presentation.asserted == "445551234"


async def test_a_header_that_never_came_is_not_passed_through() -> None:
    """SIG-12, acceptance (b)."""
    bench = Bench(routing={"a": {"identity": {"asserted": "passthrough"}}})

    assert (await bench.plan()).first.presentation.asserted == ""
    value = "<sip:111@example.com>"
    passed = (await bench.plan(asserted_identity=value)).first
    assert passed.presentation.asserted == value


async def test_a_withheld_caller_is_anonymous_and_asserted() -> None:
    """SIG-11, acceptance (a)."""
    bench = Bench(routing={"a": {"identity": {"privacy": "id", "asserted": "caller"}}})
    shown = (await bench.plan(caller="5551234")).first.presentation

    assert (shown.anonymous, shown.privacy, shown.asserted) == (True, "id", "5551234")


@pytest.mark.parametrize(
    ("support", "received", "sent"),
    [
        pytest.param(True, "id", "id", id="recognised and passed on"),
        pytest.param(False, "id", "", id="not recognised: the call is public"),
        pytest.param(True, "", "", id="absent stays absent"),
    ],
)
async def test_privacy_is_passed_through_where_the_callers_side_knows_it(
    support: bool, received: str, sent: str
) -> None:
    """SIG-11."""
    bench = Bench(
        mapping={"acme": {"sip": {"privacySupport": support}}},
        routing={"a": {"identity": {"privacy": "passthrough"}}},
    )

    assert (await bench.plan(privacy=received)).first.presentation.privacy == sent


async def test_a_pool_is_gone_through_in_turn() -> None:
    """RTE-26."""
    bench = Bench(
        routing={"a": {"numbers": {"callerPool": ["111", "222"]}}},
        parameters=Parameters(pool_sequence=Sequence.POLL),
    )
    callers = [(await bench.plan()).first.numbers.caller for _ in range(3)]

    assert callers == ["111", "222", "111"]


async def test_a_pool_is_drawn_from_evenly_and_billing_sees_the_real_caller() -> None:
    """RTE-26."""
    bench = Bench(
        routing={
            "a": {
                "numbers": {"callerPool": ["111", "222"]},
                "identity": {"asserted": "caller"},
            }
        }
    )
    firsts = [(await bench.plan()).first for _ in range(1000)]
    drawn = Counter(str(first.numbers.caller) for first in firsts)
    decision = await bench.route(caller="5551234")

    assert 450 <= drawn["111"] <= 550
    assert {first.presentation.asserted for first in firsts} == {"111", "222"}
    assert decision.known.access is not None
    assert decision.known.access.caller == "5551234"


async def test_a_pool_may_hold_ranges() -> None:
    bench = Bench(
        routing={"a": {"numbers": {"callerPool": ["008-011", "500"]}}},
        parameters=Parameters(pool_sequence=Sequence.POLL),
    )
    callers = [(await bench.plan()).first.numbers.caller for _ in range(5)]

    assert callers == ["008", "009", "010", "011", "500"]


@pytest.mark.parametrize(
    ("setting", "parameter", "stops"),
    [
        ("default", True, True),
        ("default", False, False),
        ("allow", True, False),
        ("forbid", False, True),
    ],
)
async def test_a_gateways_own_setting_beats_the_parameter(
    setting: str, parameter: bool, stops: bool
) -> None:
    """RTE-09 to RTE-12, 0.3."""
    names = {"afterSdp": setting, "afterRtp": setting, "afterBusy": setting}
    bench = Bench(
        routing={"a": {"switching": names}},
        parameters=Parameters(
            stop_after_sdp=parameter, stop_after_rtp=parameter, stop_after_busy=parameter
        ),
    )
    rules = (await bench.plan()).first.stop_rules

    assert [rules.after_sdp, rules.after_rtp, rules.after_busy] == [stops] * 3


async def test_a_failure_after_ringing_stops_unless_the_gateway_allows_switching() -> None:
    """RTE-09."""
    bench = Bench(
        routing={"a": {"priority": 1}, "b": {"priority": 2, "switching": {"afterRinging": "allow"}}}
    )
    first = (await bench.plan(id="call")).first
    second = await bench.fail("call", 1, "a")

    assert isinstance(second, Offer)
    assert (first.stop_rules.after_ringing, second.stop_rules.after_ringing) == (True, False)


@pytest.mark.parametrize(
    ("mode", "stop", "go_on"),
    [("forbid", (503, 603), ()), ("allow", (), (503, 603))],
)
async def test_error_codes_stop_the_search_or_never_do(
    mode: str, stop: tuple[int, ...], go_on: tuple[int, ...]
) -> None:
    """RTE-09."""
    codes = {"mode": mode, "codes": [503, 603]}
    bench = Bench(routing={"a": {"switching": {"errorCodes": codes}}})
    rules = (await bench.plan()).first.stop_rules

    assert (rules.stop_codes, rules.continue_codes) == (stop, go_on)


@pytest.mark.parametrize(("registration", "stops"), [("peer", True), ("static", False)])
async def test_a_silent_gateway_we_register_at_may_end_the_search(
    registration: str, stops: bool
) -> None:
    """SIG-09."""
    bench = Bench(
        routing={"a": {"registration": registration, "credentials": CREDENTIALS}},
        parameters=Parameters(stop_after_invite_timeout=True),
    )
    bench.health.report("signaling-1", [GatewayReport("a", reachable=True)], bench.now)

    assert (await bench.plan()).first.stop_rules.after_invite_timeout == stops


async def test_the_longest_talk_time_is_drawn_between_its_ends() -> None:
    """SIG-25."""
    bench = Bench(
        mapping={"acme": {"duration": {"least": 60, "most": 60}}},
        routing={"a": {"duration": {"least": 10, "most": 20}}},
    )
    plan = await bench.plan()

    assert plan.max_duration == timedelta(seconds=60)
    assert plan.first.max_duration is not None
    assert timedelta(seconds=10) <= plan.first.max_duration <= timedelta(seconds=20)


async def test_random_targets_are_drawn_anew_for_each_attempt() -> None:
    """RTE-05."""
    bench = Bench(routing={"a": {"numbers": {"calleeDialPlan": "*:1;2"}}})
    drawn = Counter([(await bench.plan("0")).first.numbers.callee for _ in range(100)])

    assert set(drawn) == {"10", "20"}
