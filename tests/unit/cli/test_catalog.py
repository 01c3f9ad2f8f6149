"""Documents split between the services that keep a part of them."""

import pytest
from trunkline.common.v1.documents_pb2 import Kind
from trunkline_cli.documents.catalog import Catalog
from trunkline_cli.documents.source import SourceDocument
from trunkline_cli.errors import BadUsage
from trunkline_cli.services import Service

CATALOG = Catalog(
    {
        Service.AUTH: [
            Kind(name="MappingGateway", fields=["access"]),
            Kind(name="Parameters", fields=["SS_REPLY_UNAUTHORIZED"], singleton=True),
        ],
        Service.ROUTING: [
            Kind(name="MappingGateway", rest=True, references=["Account"]),
        ],
        Service.SIGNALING: [
            Kind(name="Parameters", fields=["SS_SIP_SESSION_TTL"], singleton=True),
        ],
        Service.BILLING: [Kind(name="Account", rest=True)],
        Service.MEDIA: [],
    }
)


def test_a_shared_document_is_split_by_its_top_level_fields() -> None:
    gateway = SourceDocument(
        "MappingGateway", "acme", {"access": {"mode": "ip"}, "capacity": 3}, "a.yaml", 1
    )

    parts, problems = CATALOG.split(gateway)

    assert {part.service: part.spec for part in parts} == {
        Service.AUTH: {"access": {"mode": "ip"}},
        Service.ROUTING: {"capacity": 3},
    }
    assert not problems


def test_a_service_without_its_fields_still_gets_the_document_to_complain_about() -> None:
    parts, _ = CATALOG.split(SourceDocument("MappingGateway", "acme", {}, "a.yaml", 1))

    assert {part.service for part in parts} == {Service.AUTH, Service.ROUTING}


def test_parameters_go_only_to_services_that_have_them() -> None:
    parameters = SourceDocument("Parameters", "", {"SS_SIP_SESSION_TTL": 600}, "a.yaml", 1)

    parts, problems = CATALOG.split(parameters)

    assert [part.service for part in parts] == [Service.SIGNALING]
    assert not problems


def test_a_field_that_no_service_takes_is_a_problem_with_what_may_be_meant() -> None:
    parameters = SourceDocument("Parameters", "", {"SS_SIP_SESSION_TTLL": 600}, "a.yaml", 1)

    _, problems = CATALOG.split(parameters)

    assert str(problems[0]) == (
        "a.yaml:1: Parameters: spec.SS_SIP_SESSION_TTLL: "
        "unknown field; did you mean SS_SIP_SESSION_TTL?"
    )


def test_an_unknown_kind_is_a_problem_with_what_may_be_meant() -> None:
    _, problems = CATALOG.split(SourceDocument("MapingGateway", "acme", {}, "a.yaml", 1))

    assert "did you mean MappingGateway?" in problems[0].message


def test_services_that_others_refer_to_are_applied_first() -> None:
    order = CATALOG.order()

    assert order.index(Service.BILLING) < order.index(Service.ROUTING)
    assert set(order) == set(Service)


@pytest.mark.parametrize("text", ["MappingGateway", "mapping-gateway", "mappinggateways"])
def test_a_kind_is_found_in_any_spelling(text: str) -> None:
    assert CATALOG.find(text) == "MappingGateway"


def test_a_kind_that_is_nothing_like_any_is_wrong_usage() -> None:
    with pytest.raises(BadUsage, match="Kinds are: Account"):
        CATALOG.find("Invoice")
