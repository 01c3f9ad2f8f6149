"""Which Domain an address of a customer's gateway is given by (MGT-06)."""

import pytest
from trunkline_auth.documents.access import MappingGatewaySpec, domain_in
from trunkline_kernel.documents.kinds import references_of


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("PBX.Acme.example", "pbx.acme.example"),
        ("pbx.acme.example:5062", "pbx.acme.example"),
        ("192.0.2.10", ""),
        ("192.0.2.0/24", ""),
    ],
)
def test_mgt06_only_a_host_name_is_of_a_domain(address: str, domain: str) -> None:
    assert domain_in(address) == domain


def test_mgt06_a_gateway_refers_to_the_domain_it_comes_from() -> None:
    access = {"mode": "ip", "addresses": ["192.0.2.10", "pbx.acme.example"]}
    spec = MappingGatewaySpec.model_validate({"access": access})

    assert [(kind, name) for _, kind, name in references_of(spec)] == [
        ("Domain", "pbx.acme.example")
    ]
    assert list(references_of(spec, required_only=True)) == []
