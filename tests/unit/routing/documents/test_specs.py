"""What documents refuse, each with its field and what was expected (0.4)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from trunkline_kernel.documents import Spec
from trunkline_routing.documents.domain import DomainSpec
from trunkline_routing.documents.fields import domain_in, parse_address
from trunkline_routing.documents.mapping_gateway import MappingGatewaySpec
from trunkline_routing.documents.phone import PhoneSpec
from trunkline_routing.documents.routing_gateway import RoutingGatewaySpec
from trunkline_routing.documents.tables import NumberTransformSpec
from trunkline_routing.rpc.policies import leg_to_proto

VENDOR = {"account": "v", "address": "198.51.100.7:5060"}


def complaint(model: type[Spec], spec: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        model.model_validate(spec)
    return str(error.value)


def test_the_design_pages_examples_are_read() -> None:
    customer = MappingGatewaySpec.model_validate(
        {
            "account": "acme",
            "numbers": {"callerTransform": True, "calleeDialPlan": "00:,0:44"},
            "capacity": {"calls": 200, "callsPerSecond": 20},
            "media": {
                "proxy": "auto",
                "codec": {"mode": "specified", "codec": "PCMA", "allowConversion": True},
                "dtmf": {"receive": "all", "send": "auto", "payload": 101},
            },
        }
    )
    vendor = RoutingGatewaySpec.model_validate(
        {
            "account": "voxcarrier",
            "address": "198.51.100.7:5060",
            "prefixes": ["44", "1"],
            "priority": 10,
            "capacity": {"calls": 500},
        }
    )

    assert customer.media.codec.codecs == ("PCMA",)
    assert vendor.addresses == ("198.51.100.7:5060",)


@pytest.mark.parametrize(
    ("model", "spec"),
    [
        pytest.param(MappingGatewaySpec, {"account": "acme"}, id="a mapping gateway"),
        pytest.param(RoutingGatewaySpec, VENDOR | {"prefixes": ["44"]}, id="a routing gateway"),
        pytest.param(PhoneSpec, {"account": "acme"}, id="a phone"),
    ],
)
def test_sig03_sig19_timers_are_on_and_100rel_is_off_unless_a_document_says_otherwise(
    model: type[MappingGatewaySpec | RoutingGatewaySpec | PhoneSpec], spec: dict[str, Any]
) -> None:
    plain = model.model_validate(spec)
    other = model.model_validate(
        spec | {"sip": {"sessionTimer": False, "reliableProvisionals": True}}
    )

    told = [leg_to_proto(each.media, each.sip) for each in (plain, other)]

    assert [leg.session_timer for leg in told] == [True, False]
    assert [leg.reliable_provisionals for leg in told] == [False, True]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"prefixes": ["44x"]}, "'44x' is not a prefix", id="a letter in a prefix"),
        pytest.param({"prefixes": ["44", "44"]}, "each value once", id="a prefix twice"),
        pytest.param({"prefixes": []}, "at least 1", id="no prefix at all"),
        pytest.param({"priority": -1}, "greater than or equal to 0", id="a negative priority"),
        pytest.param({"capacity": {"calls": -5}}, "greater than or equal", id="negative calls"),
        pytest.param({"address": "a b"}, "is not an address", id="a space in an address"),
        pytest.param({"address": "host:70000"}, "out of 1-65535", id="a port that can't be"),
        pytest.param({"address": []}, "needs an address", id="a static gateway without address"),
        pytest.param({"colour": "red"}, "Extra inputs", id="an unknown field"),
        pytest.param({"cost": {"minProfitPerSecond": "abc"}}, "decimal", id="RTE-18 no number"),
        pytest.param({"cost": {"minProfitPercent": 10001}}, "10000", id="RTE-18 out of range"),
        pytest.param({"cost": {"maxCostPerMinute": "-1"}}, "greater than", id="RTE-19 negative"),
        pytest.param(
            {"account": None, "cost": {"checkRate": True}}, "needs an account", id="RTE-15 whose"
        ),
        pytest.param({"timeouts": {"ringing": -1}}, "greater than", id="a negative wait"),
        pytest.param(
            {"switching": {"errorCodes": {"codes": [503]}}}, "a mode", id="codes without mode"
        ),
        pytest.param({"numbers": {"callerPool": ["9-1"]}}, "upwards", id="RTE-26 backwards"),
        pytest.param({"duration": {"least": 60}}, "both least and most", id="SIG-25 only one end"),
        pytest.param(
            {"duration": {"least": 60, "most": 30}}, "more than most", id="SIG-25 backwards"
        ),
        pytest.param(
            {"media": {"dtmf": {"payload": 95}}}, "greater than or equal to 96", id="MED-06"
        ),
        pytest.param(
            {"media": {"codec": {"mode": "specified"}}}, "codecs are listed", id="MED-03 none"
        ),
        pytest.param({"registration": "peer"}, "needs credentials or", id="SIG-02 as nobody"),
        pytest.param({"registerAs": {"user": "4711"}}, "goes with", id="SIG-02 but static"),
        pytest.param({"registerAs": {"period": 10}}, "20", id="SIG-02 a period of 10 s"),
    ],
)
def test_a_bad_routing_gateway_is_refused(change: dict[str, Any], expected: str) -> None:
    assert expected in complaint(RoutingGatewaySpec, {**VENDOR, **change})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"account": ""}, "at least 1", id="an empty account"),
        pytest.param(
            {"numbers": {"calleeDialPlan": ":1"}}, "original is empty", id="RTE-03 no original"
        ),
        pytest.param(
            {"numbers": {"proportionalPrefixes": [{"proportion": 0, "prefix": "1"}]}},
            "greater than or equal to 1",
            id="RTE-27 a share of nothing",
        ),
        pytest.param(
            {"failureCodes": [{"source": 503, "target": 200}]}, "400", id="SIG-23 a success"
        ),
        pytest.param(
            {"failureCodes": [{"source": 503, "target": 480}, {"source": 503, "target": 404}]},
            "may stand once",
            id="SIG-23 a source twice",
        ),
        pytest.param({"checks": {"pairs": {"pairs": ["44"]}}}, "callerPrefix", id="RTE-25 a pair"),
        pytest.param({"checks": {"calleeLengths": [33]}}, "32", id="RTE-25 a length nobody dials"),
    ],
)
def test_a_bad_mapping_gateway_is_refused(change: dict[str, Any], expected: str) -> None:
    assert expected in complaint(MappingGatewaySpec, {"account": "acme", **change})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({}, "expected number with", id="nothing"),
        pytest.param({"number": "1"}, "mappingGatewayCaller or", id="a number alone"),
        pytest.param({"mappingGatewayCaller": "1"}, "number is missing", id="no number"),
        pytest.param({"original": "1"}, "needs target and party", id="no target"),
        pytest.param({"original": "1", "number": "2"}, "expected number with", id="both forms"),
        pytest.param(
            {"original": "1", "target": "x", "party": "caller"}, "a target holds", id="a letter"
        ),
    ],
)
def test_a_bad_transform_row_is_refused(row: dict[str, Any], expected: str) -> None:
    """RTE-01."""
    assert expected in complaint(NumberTransformSpec, {"rows": [row]})


def test_a_row_of_three_columns_is_two_of_the_generic_form() -> None:
    """RTE-01."""
    row = {"mappingGatewayCaller": "1", "number": "2", "routingGatewayCallee": "3"}
    rows = NumberTransformSpec.model_validate({"rows": [row]}).rows[0].rows("own")

    assert [str(each) for each in rows] == ["1 -> 2", "2 -> 3"]
    assert [f"{each.party} {each.point}" for each in rows] == ["caller mapping", "callee routing"]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 0),
        ("192.0.2.1:5080", "192.0.2.1", 5080),
        ("vendor.example", "vendor.example", 0),
        ("[2001:db8::1]:5060", "2001:db8::1", 5060),
        ("[2001:db8::1]", "2001:db8::1", 0),
    ],
)
def test_an_address_is_a_host_and_perhaps_a_port(text: str, host: str, port: int) -> None:
    address = parse_address(text)

    assert (address.host, address.port) == (host, port)


@pytest.mark.parametrize("refresh", [29, 3601, "often"])
def test_mgt06_a_refresh_is_30_s_to_an_hour(refresh: object) -> None:
    assert "refresh" in complaint(DomainSpec, {"refresh": refresh})


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("SIP.Vox.example", "sip.vox.example"),
        ("sip.vox.example:5070", "sip.vox.example"),
        ("198.51.100.7:5060", "198.51.100.7"),
        ("[2001:db8::1]:5060", "2001:db8::1"),
    ],
)
def test_mgt06_an_address_names_its_host(address: str, domain: str) -> None:
    assert domain_in(address) == domain
