"""Whether media is relayed: the steps of MED-02."""

import pytest
from trunkline_signaling.calls.policy import LegPolicy, MediaCheck, MediaProxy
from trunkline_signaling.calls.relay import Party, Relay, RelayParameters, decide

AUTO, ON, OFF, MUST_ON = MediaProxy.AUTO, MediaProxy.ON, MediaProxy.OFF, MediaProxy.MUST_ON
HERE, THERE = "10.0.0.1", "192.0.2.1"


def party(
    proxy: MediaProxy | None = None,
    *,
    local_ip: str = HERE,
    remote_ip: str = "198.51.100.7",
    nat: bool = False,
    **policy: object,
) -> Party:
    """Return one side."""
    return Party(LegPolicy(media_proxy=proxy, **policy), local_ip, remote_ip, nat)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b", "parameters", "decision"),
    [
        pytest.param(party(MUST_ON), party(OFF), AUTO, Relay.NEEDED, id="must on beats off"),
        pytest.param(party(), party(), MUST_ON, Relay.NEEDED, id="the parameter's must on"),
        pytest.param(party(OFF), party(AUTO), AUTO, Relay.NONE, id="off and auto"),
        pytest.param(party(OFF), party(ON), ON, Relay.NONE, id="off beats on"),
        pytest.param(party(ON), party(), OFF, Relay.WANTED, id="on beats the parameter's off"),
        pytest.param(party(), party(), ON, Relay.WANTED, id="the parameter's on"),
        pytest.param(party(), party(nat=True), OFF, Relay.NONE, id="the parameter's off"),
        pytest.param(party(nat=True), party(), AUTO, Relay.WANTED, id="auto, caller behind NAT"),
        pytest.param(party(), party(), AUTO, Relay.NONE, id="auto, nothing speaks for it"),
        pytest.param(
            party(), party(local_ip=THERE), AUTO, Relay.WANTED, id="auto, between two networks"
        ),
        pytest.param(
            party(record=True), party(), OFF, Relay.NEEDED, id="a feature needs it, whatever mode"
        ),
        pytest.param(
            party(media_check=MediaCheck.BOTH), party(OFF), AUTO, Relay.NONE, id="off, no feature"
        ),
    ],
)
def test_med02_the_decision(a: Party, b: Party, parameters: MediaProxy, decision: Relay) -> None:
    assert decide(RelayParameters(mode=parameters), a, b) is decision


@pytest.mark.parametrize(("same_nat", "decision"), [(True, Relay.WANTED), (False, Relay.NONE)])
def test_med02_two_endpoints_behind_one_nat_have_a_parameter_of_their_own(
    same_nat: bool, decision: Relay
) -> None:
    parameters = RelayParameters(same_nat=same_nat)

    assert decide(parameters, party(nat=True), party(nat=True)) is decision


@pytest.mark.parametrize("a", [True, False])
@pytest.mark.parametrize("b", [True, False])
def test_med02_behind_nat_off_relays_nobody_for_that(a: bool, b: bool) -> None:
    parameters = RelayParameters(behind_nat=False, same_nat=False)

    assert decide(parameters, party(nat=a), party(nat=b, remote_ip="x")) is Relay.NONE
