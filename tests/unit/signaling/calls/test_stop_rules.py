"""Which failure ends the search for a way (RTE-09 to RTE-12, SIG-09)."""

import pytest
from trunkline_signaling.calls.policy import StopRules, SwitchPolicy
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.stop_rules import Failure, stop_rule

ANY = SwitchPolicy()
UNTIL_CONNECT = SwitchPolicy(until_connect=True)
RULES = StopRules()


@pytest.mark.parametrize(
    ("failure", "rules", "policy", "stops"),
    [
        pytest.param(Failure(503), RULES, ANY, None, id="a plain 503 goes on"),
        pytest.param(Failure(486), RULES, ANY, "busy", id="busy stops"),
        pytest.param(Failure(600), RULES, UNTIL_CONNECT, "busy", id="busy stops until connect"),
        pytest.param(Failure(480, 17), RULES, ANY, "busy", id="Q.850 17 is busy"),
        pytest.param(Failure(486), StopRules(after_busy=False), ANY, None, id="busy may go on"),
        pytest.param(Failure(600), StopRules(after_busy=False), ANY, None, id="so may 600"),
        pytest.param(Failure(603), RULES, ANY, "6xx", id="6xx stops"),
        pytest.param(
            Failure(603),
            StopRules(continue_codes=frozenset({603})),
            ANY,
            None,
            id="a 6xx of the allowed list goes on",
        ),
        pytest.param(
            Failure(404),
            StopRules(stop_codes=frozenset({404})),
            UNTIL_CONNECT,
            "code 404 of the gateway's list",
            id="a code of the forbidden list stops",
        ),
        pytest.param(Failure(503, ringing=True), RULES, ANY, "ringing", id="ringing stops"),
        pytest.param(
            Failure(503, ringing=True), RULES, UNTIL_CONNECT, None, id="but not until connect"
        ),
        pytest.param(
            Failure(503, ringing=True),
            StopRules(after_ringing=False),
            ANY,
            None,
            id="nor where the gateway allows it",
        ),
        pytest.param(Failure(503, sdp=True), RULES, ANY, "provisional SDP", id="early SDP stops"),
        pytest.param(
            Failure(503, sdp=True), RULES, UNTIL_CONNECT, None, id="early SDP, until connect"
        ),
        pytest.param(
            Failure(503, rtp=True), RULES, UNTIL_CONNECT, "RTP was relayed", id="RTP stops always"
        ),
        pytest.param(
            Failure(503, rtp=True), StopRules(after_rtp=False), ANY, None, id="unless allowed"
        ),
        pytest.param(
            Failure(own_reason=CallEndReason.CONNECTION_TIMEOUT),
            StopRules(after_invite_timeout=True),
            ANY,
            "INVITE timeout",
            id="a silent registering gateway stops",
        ),
        pytest.param(
            Failure(own_reason=CallEndReason.CONNECTION_TIMEOUT),
            RULES,
            ANY,
            None,
            id="another silent gateway goes on",
        ),
    ],
)
def test_a_failure_stops_or_goes_on(
    failure: Failure, rules: StopRules, policy: SwitchPolicy, stops: str | None
) -> None:
    assert stop_rule(failure, rules, policy, attempts=1) == stops


@pytest.mark.parametrize(("attempts", "stops"), [(2, None), (3, "switch limit 2")])
def test_rte09_a_limit_of_two_allows_three_attempts(attempts: int, stops: str | None) -> None:
    assert stop_rule(Failure(503), RULES, SwitchPolicy(limit=2), attempts) == stops
