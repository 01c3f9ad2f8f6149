"""`trunkline numbers` and `trunkline black-list`."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from support.command import FakeSwitch, Run
from support.workbooks import workbook
from trunkline.auth.v1 import lists_pb2 as pb
from trunkline.auth.v1 import lists_pb2_grpc
from trunkline_cli.services import Service

ENTRY = pb.BlackEntry(
    party=pb.PARTY_CALLEE,
    number="777",
    reason=pb.LISTED_FOR_NO_ANSWER,
    create_time=Timestamp(seconds=1),
    expire_time=Timestamp(seconds=2),
    hits=3,
)


class Lists(lists_pb2_grpc.ListServiceServicer):
    """Remembers what it was asked last."""

    asked: Any

    def Screen(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    def ReportEnds(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    def ImportNumbers(self, request: Any, context: Any) -> Any:
        self.asked = request
        return pb.ImportNumbersResponse(added=2, removed=1, total=9)

    def RollBackNumbers(self, request: Any, context: Any) -> Any:
        self.asked = request
        return pb.RollBackNumbersResponse(total=7)

    def FindNumber(self, request: Any, context: Any) -> Any:
        self.asked = request
        if request.number != "777":
            return pb.FindNumberResponse()
        return pb.FindNumberResponse(lists=["fraud"], white=True, entries=[ENTRY])

    def ListBlackEntries(self, request: Any, context: Any) -> Any:
        self.asked = request
        return pb.ListBlackEntriesResponse(entries=[ENTRY])

    def AddBlackEntry(self, request: Any, context: Any) -> Any:
        self.asked = request
        return pb.AddBlackEntryResponse()

    def RemoveBlackEntries(self, request: Any, context: Any) -> Any:
        self.asked = request
        return pb.RemoveBlackEntriesResponse(removed=4)


@pytest.fixture
def lists(switch: FakeSwitch) -> Lists:
    servicer = Lists()
    add = lists_pb2_grpc.add_ListServiceServicer_to_server
    switch.servicers.setdefault(Service.AUTH, []).append((add, servicer))
    return servicer


def numbers(folder: Path, text: str) -> str:
    path = folder / "numbers.csv"
    path.write_text(text)
    return str(path)


def test_an_import_adds_the_first_column_and_keeps_its_lines(
    lists: Lists, run: Run, tmp_path: Path
) -> None:
    file = numbers(tmp_path, 'Number;Memo\n"4930";x\n4931;y\n')

    ended = run("numbers", "import", file, "--list", "fraud")

    assert ended.out == "2 new, 1 gone; fraud has 9 numbers\n"
    assert lists.asked.text == b"\n4930\n4931"
    assert (lists.asked.list, lists.asked.mode) == ("fraud", pb.IMPORT_MODE_ADD)


@pytest.mark.parametrize(
    ("option", "mode"),
    [("--replace", pb.IMPORT_MODE_REPLACE), ("--remove", pb.IMPORT_MODE_REMOVE)],
)
def test_an_import_may_replace_or_remove(
    lists: Lists, run: Run, tmp_path: Path, option: str, mode: int
) -> None:
    file = numbers(tmp_path, "4930\n")

    ended = run("numbers", "import", file, "--list", "fraud", option, "--dry-run")

    assert ended.out.startswith("dry run: ")
    assert (lists.asked.mode, lists.asked.dry_run) == (mode, True)


def test_aut14_a_workbook_of_numbers_is_its_first_column(
    lists: Lists, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "fraud.xlsx"
    file.write_bytes(workbook([("Number", "Memo"), (88213, "x"), ("0049 30", "y")]))

    run("numbers", "import", str(file), "--list", "fraud")

    assert lists.asked.text.decode().splitlines() == ["", "88213", "0049 30"]


def test_aut14_a_list_is_put_back(lists: Lists, run: Run) -> None:
    assert run("numbers", "rollback", "--list", "fraud").out == "fraud is what it was: 7 numbers\n"
    assert lists.asked.list == "fraud"


def test_an_import_can_not_replace_and_remove(lists: Lists, run: Run, tmp_path: Path) -> None:
    file = numbers(tmp_path, "4930\n")

    assert run("numbers", "import", file, "--list", "x", "--replace", "--remove").status == 2


def test_a_file_that_is_not_there_is_a_mistake_of_the_caller(lists: Lists, run: Run) -> None:
    assert run("numbers", "import", "/nowhere/x.csv", "--list", "x").status == 2


def test_find_names_every_place(lists: Lists, run: Run) -> None:
    found = run("numbers", "find", "777").out.splitlines()

    assert found[:2] == ["list fraud", "system white list"]
    assert found[2].startswith("dynamic black list: no answer, until ")
    assert run("numbers", "find", "1").out == "no list has it\n"


def test_entries_are_listed(lists: Lists, run: Run) -> None:
    table = run("black-list", "list").out
    entries = json.loads(run("black-list", "list", "--output", "json").out)

    assert "777" in table
    assert "no answer" in table
    assert [each["number"] for each in entries] == ["777"]


def test_a_number_is_listed_on_one_gateway(lists: Lists, run: Run) -> None:
    run("black-list", "add", "100", "--side", "caller", "--minutes", "5", "--gateway", "acme")

    assert (lists.asked.party, lists.asked.number) == (pb.PARTY_CALLER, "100")
    assert (lists.asked.gateway.name, lists.asked.lifetime_duration.seconds) == ("acme", 300)


def test_a_number_is_listed_everywhere_unless_a_gateway_is_named(lists: Lists, run: Run) -> None:
    run("black-list", "add", "100")

    assert not lists.asked.HasField("gateway")


def test_one_number_or_all_are_taken_off(lists: Lists, run: Run) -> None:
    assert run("black-list", "remove", "777").out == "4 taken off\n"
    assert lists.asked.number == "777"
    assert run("black-list", "remove", "--all").status == 0
    assert lists.asked.number == ""


@pytest.mark.parametrize("arguments", [(), ("777", "--all")])
def test_neither_or_both_is_a_mistake(lists: Lists, run: Run, arguments: tuple[str, ...]) -> None:
    assert run("black-list", "remove", *arguments).status == 2
