"""`trunkline apply`: everything is checked first, then everything is stored."""

import json
from pathlib import Path

import pytest
from support.command import FakeSwitch, Run
from trunkline_cli.services import Service

GOOD = """\
kind: MappingGateway
name: acme-pbx
spec:
  account: acme
  capacity: 20
  access: 192.0.2.10
---
kind: Account
name: acme
spec:
  currency: USD
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.yaml"
    path.write_text(GOOD)
    return path


def test_each_service_stores_its_part(run: Run, switch: FakeSwitch, file: Path) -> None:
    ended = run("apply", "-f", str(file))

    assert ended.status == 0
    assert switch.documents[Service.AUTH].store == {
        ("MappingGateway", "acme-pbx"): {"access": "192.0.2.10"}
    }
    assert switch.documents[Service.ROUTING].store == {
        ("MappingGateway", "acme-pbx"): {"account": "acme", "capacity": 20}
    }


def test_a_warning_is_shown_with_its_line_and_stops_nothing(
    run: Run, switch: FakeSwitch, file: Path
) -> None:
    switch.documents[Service.AUTH].doubtful = {"access": "is another's address too"}

    ended = run("apply", "-f", str(file))

    assert ended.status == 0
    assert ended.out.splitlines()[0] == (
        f"warning {file}:6: MappingGateway/acme-pbx: spec.access: is another's address too"
    )
    assert ("MappingGateway", "acme-pbx") in switch.documents[Service.AUTH].store


def test_a_second_apply_changes_nothing(run: Run, switch: FakeSwitch, file: Path) -> None:
    run("apply", "-f", str(file))
    ended = run("apply", "-f", str(file))

    assert ended.out.splitlines() == [
        "MappingGateway/acme-pbx unchanged",
        "Account/acme unchanged",
        "2 unchanged",
    ]
    assert switch.documents[Service.BILLING].applied == ["acme"]


def test_a_dry_run_shows_the_difference_and_stores_nothing(
    run: Run, switch: FakeSwitch, file: Path
) -> None:
    run("apply", "-f", str(file))
    file.write_text(GOOD.replace("20", "30"))

    ended = run("apply", "-f", str(file), "--dry-run")

    assert ended.out.splitlines() == [
        "MappingGateway/acme-pbx would be changed",
        "  - spec.capacity: 20",
        "  + spec.capacity: 30",
        "Account/acme unchanged",
        "dry run: 1 changed, 1 unchanged",
    ]
    assert switch.documents[Service.ROUTING].store["MappingGateway", "acme-pbx"]["capacity"] == 20


def test_bad_documents_change_nothing_and_every_error_is_listed(
    run: Run, switch: FakeSwitch, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(
        "kind: Account\nname: acme\nspec:\n  currency: USD\n  colour: red\n"
        "---\nkind: Acount\nname: b\nspec: {}\n"
    )
    (tmp_path / "b.yaml").write_text(
        "kind: MappingGateway\nname: pbx\nspec:\n  account: nobody\n  colour: red\n"
        "  access: {env: NO_SUCH_VARIABLE}\n"
    )

    ended = run("apply", "-f", str(tmp_path))

    assert ended.status == 1
    assert "5 problems; nothing was changed" in ended.err
    places = [line.split()[0].rpartition("/")[2] for line in ended.err.splitlines()[1:]]
    assert places == ["a.yaml:5:", "a.yaml:7:", "b.yaml:4:", "b.yaml:5:", "b.yaml:6:"]
    assert not any(documents.store for documents in switch.documents.values())


def test_a_reference_to_a_stored_document_is_fine(
    run: Run, switch: FakeSwitch, tmp_path: Path
) -> None:
    switch.documents[Service.BILLING].store["Account", "acme"] = {"currency": "USD"}
    file = tmp_path / "a.yaml"
    file.write_text("kind: MappingGateway\nname: pbx\nspec: {account: acme}\n")

    assert run("apply", "-f", str(file)).status == 0


def test_a_failure_halfway_says_what_was_applied(run: Run, switch: FakeSwitch, file: Path) -> None:
    switch.documents[Service.AUTH].broken = "the disk is full"

    ended = run("apply", "-f", str(file))

    assert ended.status == 1
    assert ended.err.splitlines() == [
        "error: auth: the disk is full",
        "  applied before the failure: Account/acme in billing, MappingGateway/acme-pbx in routing",
        "  not applied: MappingGateway/acme-pbx in auth",
        "  apply the same files again once the cause is gone",
    ]


def test_json_names_each_document_and_what_happened(run: Run, file: Path) -> None:
    ended = run("apply", "-f", str(file), "-o", "json")

    assert [(one["name"], one["action"]) for one in json.loads(ended.out)] == [
        ("acme-pbx", "CHANGE_ACTION_CREATED"),
        ("acme", "CHANGE_ACTION_CREATED"),
    ]


def test_nothing_to_apply_is_wrong_usage(run: Run) -> None:
    assert run("apply").status == 2


def test_a_folder_without_documents_is_refused(run: Run, tmp_path: Path) -> None:
    ended = run("apply", "-f", str(tmp_path))

    assert ended.status == 1
    assert "no documents in" in ended.err


def test_aut17_a_password_that_was_made_up_is_shown_once(
    run: Run, switch: FakeSwitch, file: Path
) -> None:
    switch.documents[Service.AUTH].secrets = {"spec.access.password": "aB3+xyzXYZ12"}

    first, again = run("apply", "-f", str(file)), run("apply", "-f", str(file))

    told = "MappingGateway/acme-pbx: spec.access.password is aB3+xyzXYZ12; it is not shown again"
    assert told in first.out.splitlines()
    assert "aB3+xyzXYZ12" not in again.out


def test_aut17_programs_get_the_password_with_its_document(
    run: Run, switch: FakeSwitch, file: Path
) -> None:
    switch.documents[Service.AUTH].secrets = {"spec.access.password": "aB3+xyzXYZ12"}

    changes = json.loads(run("apply", "-f", str(file), "-o", "json").out)

    assert {change["name"]: change["generated"] for change in changes} == {
        "acme": [],
        "acme-pbx": [{"field": "spec.access.password", "value": "aB3+xyzXYZ12"}],
    }


def test_aut17_a_secret_is_told_even_if_the_next_service_fails(
    run: Run, switch: FakeSwitch, file: Path
) -> None:
    switch.documents[Service.BILLING].secrets = {"spec.key": "aB3+xyzXYZ12"}
    switch.documents[Service.ROUTING].broken = "no disk"

    ended = run("apply", "-f", str(file))

    assert ended.status == 1
    assert "Account/acme: spec.key is aB3+xyzXYZ12; it is not shown again" in ended.err
