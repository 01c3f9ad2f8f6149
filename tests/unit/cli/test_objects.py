"""`trunkline get` and `trunkline delete`."""

import json

import yaml
from support.command import FakeSwitch, Run
from trunkline_cli.services import Service

PBX = ("MappingGateway", "pbx")


def store_gateway(switch: FakeSwitch) -> None:
    switch.documents[Service.BILLING].store["Account", "acme"] = {"currency": "USD"}
    switch.documents[Service.ROUTING].store[PBX] = {"account": "acme"}
    switch.documents[Service.AUTH].store[PBX] = {"access": "192.0.2.10"}


def test_a_shared_document_is_put_together(run: Run, switch: FakeSwitch) -> None:
    store_gateway(switch)

    ended = run("get", "mapping-gateway", "pbx", "-o", "json")

    assert json.loads(ended.out) == {
        "kind": "MappingGateway",
        "name": "pbx",
        "spec": {"account": "acme", "access": "192.0.2.10"},
    }


def test_yaml_can_be_applied_again(run: Run, switch: FakeSwitch) -> None:
    store_gateway(switch)

    ended = run("get", "account", "-o", "yaml")

    assert list(yaml.safe_load_all(ended.out)) == [
        {"kind": "Account", "name": "acme", "spec": {"currency": "USD"}}
    ]


def test_a_list_piped_is_plain_columns(run: Run, switch: FakeSwitch) -> None:
    store_gateway(switch)

    assert run("get", "Account").out == "NAME  SPEC\nacme  currency=USD\n"


def test_what_is_not_there_is_refused(run: Run) -> None:
    ended = run("get", "Account", "nobody")

    assert ended.status == 1
    assert ended.err == "error: there is no Account nobody\n"


def test_an_unknown_kind_is_wrong_usage(run: Run) -> None:
    assert run("get", "Invoice").status == 2


def test_a_document_that_others_refer_to_stays(run: Run, switch: FakeSwitch) -> None:
    store_gateway(switch)

    ended = run("delete", "Account", "acme")

    assert ended.status == 1
    assert "MappingGateway/pbx: spec.account" in ended.err
    assert switch.documents[Service.BILLING].store


def test_a_shared_document_is_deleted_everywhere(run: Run, switch: FakeSwitch) -> None:
    store_gateway(switch)

    ended = run("delete", "MappingGateway", "pbx")

    assert ended.status == 0
    assert not switch.documents[Service.AUTH].store
    assert not switch.documents[Service.ROUTING].store
