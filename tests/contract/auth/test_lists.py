"""trunkline.auth.v1.ListService, the documents of numbers, and what routing is told of them."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from support.auth_doors import static_gateway
from support.auth_service import RunningAuth
from trunkline.auth.v1 import auth_pb2
from trunkline.auth.v1 import lists_pb2 as pb
from trunkline.common.v1.common_pb2 import (
    ENDPOINT_KIND_MAPPING_GATEWAY,
    TRANSPORT_UDP,
    Endpoint,
    SocketAddress,
)
from trunkline_auth.documents.lists import MAX_DOCUMENT_NUMBERS, MAX_WHITE_NUMBERS
from trunkline_auth.store.number_lists import NumberLists, NumberListStore
from trunkline_kernel.database import Database
from trunkline_kernel.digit_sets import DigitSet
from trunkline_kernel.documents import BadDocuments, Document
from trunkline_kernel.documents.text import dump
from trunkline_kernel.faults import Fault, RemoteError

pytestmark = pytest.mark.parametrize(
    "url",
    ["sqlite", pytest.param("postgres", marks=pytest.mark.integration)],
    indirect=True,
)

ACME = Endpoint(kind=ENDPOINT_KIND_MAPPING_GATEWAY, name="acme")


def number_list(*numbers: str, name: str = "blocked", **more: Any) -> Document:
    return Document("NumberList", name, {"numbers": list(numbers), **more})


def white_list(*numbers: str) -> Document:
    return Document("SystemWhiteList", "", {"numbers": [{"number": each} for each in numbers]})


def parameters(**values: Any) -> Document:
    return Document("Parameters", "", values)


def screen(number: int, **more: Any) -> pb.ScreenRequest:
    fields = {"call_id": f"call-{number}", "caller": "100", "callee": "777", "endpoint": ACME}
    return pb.ScreenRequest(**{**fields, **more})


def import_of(text: str | bytes, mode: int = pb.IMPORT_MODE_REPLACE, **more: Any) -> Any:
    data = text.encode() if isinstance(text, str) else text
    fields = {"list": "blocked", "text": data, "mode": mode, **more}
    return pb.ImportNumbersRequest(**fields)


def numbers(count: int) -> str:
    return "\n".join(str(4_930_000_000 + number) for number in range(count))


async def lists_of(auth: RunningAuth, number: str) -> list[str]:
    await auth.lists.refresh()
    found = await auth.ask(pb.FindNumberRequest(number=number))
    return list(found.lists)


async def test_aut14_a_number_is_found_on_the_lists_that_hold_it_whole(auth: RunningAuth) -> None:
    await auth.documents.apply(
        [number_list("44123", "+4930"), number_list("44123", name="second", memo="more")]
    )

    assert await lists_of(auth, "44123") == ["blocked", "second"]
    assert await lists_of(auth, "441234") == []
    assert await lists_of(auth, "+4930") == ["blocked"]


async def test_aut14_an_edit_acts_at_once_and_a_deleted_list_is_gone(auth: RunningAuth) -> None:
    await auth.documents.apply([number_list("1", "2")])
    await auth.lists.refresh()

    await auth.documents.apply([number_list("2", "3")])
    assert [await lists_of(auth, each) for each in "123"] == [[], ["blocked"], ["blocked"]]
    await auth.documents.delete("NumberList", "blocked")
    assert await lists_of(auth, "2") == []
    assert auth.published == []


async def test_aut14_a_list_reads_as_it_was_written(auth: RunningAuth) -> None:
    await auth.documents.apply([number_list("3", "1", "3", memo="why")])

    spec, _ = await auth.documents.get("NumberList", "blocked")
    plan = await auth.documents.plan([number_list("1", "3", memo="why")])

    assert dump(spec) == {"memo": "why", "numbers": ["1", "3"]}
    assert [each.action.name for each in plan.changes] == ["UNCHANGED"]


@pytest.mark.parametrize("wrong", ["", "abc", "1" * 18, "49 30"])
async def test_aut14_what_is_no_number_is_refused(auth: RunningAuth, wrong: str) -> None:
    plan = await auth.documents.plan([number_list("1", wrong)])

    assert [each.field for each in plan.problems] == ["spec.numbers[1]"]


async def test_aut14_a_document_holds_no_more_than_people_can_read(auth: RunningAuth) -> None:
    plan = await auth.documents.plan([number_list(*numbers(MAX_DOCUMENT_NUMBERS + 1).split())])

    assert "import them instead" in plan.problems[0].message


async def test_aut14_an_import_replaces_adds_and_removes(auth: RunningAuth) -> None:
    await auth.documents.apply([number_list("1", "2")])

    replaced = await auth.ask(import_of("\ufeff2\r\n\r\n+49 (30) 12-34\n"))
    added = await auth.ask(import_of("2\n3\n", pb.IMPORT_MODE_ADD))
    removed = await auth.ask(import_of("3\n4\n", pb.IMPORT_MODE_REMOVE))

    assert [(each.added, each.removed, each.total) for each in (replaced, added, removed)] == [
        (1, 1, 2),
        (1, 0, 3),
        (0, 1, 2),
    ]
    assert await lists_of(auth, "+49301234") == ["blocked"]


async def test_aut14_a_dry_run_changes_nothing(auth: RunningAuth) -> None:
    await auth.documents.apply([number_list("1")])

    planned = await auth.ask(import_of("2", dry_run=True))

    assert (planned.added, planned.removed, planned.total) == (1, 1, 1)
    assert await lists_of(auth, "1") == ["blocked"]


async def test_aut14_an_import_with_bad_lines_names_them_all_and_changes_nothing(
    auth: RunningAuth,
) -> None:
    await auth.documents.apply([number_list("1")])

    with pytest.raises(RemoteError) as raised:
        await auth.ask(import_of("2\nnobody\n3\n12345678901234567890\n"))

    assert raised.value.fault is Fault.INVALID_ARGUMENT
    assert [each.field for each in raised.value.violations] == ["line 2", "line 4"]
    assert await lists_of(auth, "2") == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        pytest.param(import_of("1", list="nowhere"), "NO_NUMBER_LIST", id="no such list"),
        pytest.param(import_of("1", mode=0), "INVALID_ARGUMENT", id="no mode"),
        pytest.param(import_of(b"\xff\xfe"), "INVALID_ARGUMENT", id="no UTF-8"),
    ],
)
async def test_a_wrong_import_says_what_is_wrong(
    auth: RunningAuth, request_: Any, reason: str
) -> None:
    with pytest.raises(RemoteError) as raised:
        await auth.ask(request_)

    assert raised.value.reason == reason


async def test_aut14_an_imported_list_keeps_its_numbers_when_its_memo_changes(
    auth: RunningAuth,
) -> None:
    await auth.documents.apply([number_list()])
    await auth.ask(import_of(numbers(MAX_DOCUMENT_NUMBERS + 1)))

    await auth.documents.apply([Document("NumberList", "blocked", {"memo": "big"})])

    spec, _ = await auth.documents.get("NumberList", "blocked")
    assert dump(spec) == {"memo": "big"}
    assert await lists_of(auth, "4930000007") == ["blocked"]


async def test_aut14_what_is_published_holds_what_the_list_holds(auth: RunningAuth) -> None:
    await auth.documents.apply([number_list()])
    await auth.ask(import_of(numbers(5000)))
    await auth.lists.refresh()
    before = auth.topic.revision

    await auth.ask(import_of("1", pb.IMPORT_MODE_ADD))
    await auth.lists.refresh()

    replica = DigitSet()
    for entry in auth.topic.snapshot():
        part = entry.key.removeprefix("list/blocked/")
        replica.put_part(part, pb.NumberListPart.FromString(entry.value).codes)
    assert len(replica) == 5001
    assert "4930004999" in replica
    assert auth.topic.revision == before + 1


async def test_aut14_a_list_is_put_back_to_what_it_was(auth: RunningAuth) -> None:
    back = pb.RollBackNumbersRequest(list="blocked")
    await auth.documents.apply([number_list("1", "2")])
    await auth.ask(import_of("3\n4\n5\n"))

    totals = [(await auth.ask(back)).total for _ in range(2)]
    await auth.ask(back)
    spec, _ = await auth.documents.get("NumberList", "blocked")

    assert totals == [2, 3]
    assert dump(spec)["numbers"] == ["1", "2"]


async def test_aut14_a_list_that_is_not_there_can_not_be_put_back(auth: RunningAuth) -> None:
    with pytest.raises(RemoteError) as refused:
        await auth.ask(pb.RollBackNumbersRequest(list="blocked"))

    assert refused.value.fault is Fault.NOT_FOUND


async def test_aut14_another_replica_follows(auth: RunningAuth, database: Database) -> None:
    heard: list[str] = []
    other = NumberLists(
        NumberListStore(database), database, lambda name, part, codes: heard.append(name)
    )
    await auth.documents.apply([number_list("1")])

    await other.refresh()
    await other.refresh()

    assert other.holding("1") == ["blocked"]
    assert heard == ["blocked"]


async def test_aut09_the_call_after_the_limit_is_stopped_and_published(auth: RunningAuth) -> None:
    await auth.documents.apply([parameters(SS_BLACK_LIST_MALICIOUS_CALL_LIMIT=2)])

    passed = [await auth.ask(screen(number)) for number in range(2)]
    stopped = await auth.ask(screen(3))

    assert not any(each.HasField("stopped_by") for each in passed)
    assert stopped.stopped_by.reason == pb.LISTED_FOR_MALICIOUS_CALLEE
    assert auth.published == ["black/callee/777/platform"]
    assert auth.shows('trunkline_auth_numbers_listed_total{reason="malicious-callee"} 1.0')


async def test_aut11_ends_that_are_reported_count(auth: RunningAuth) -> None:
    await auth.documents.apply([parameters(SS_BLACK_LIST_NO_ANSWER_LIMIT=2)])
    for number in range(2):
        await auth.ask(screen(number))
        await auth.ask(pb.ReportEndsRequest(ends=[pb.EndedCall(call=screen(number), reached=True)]))

    stopped = await auth.ask(screen(3))

    assert stopped.stopped_by.reason == pb.LISTED_FOR_NO_ANSWER


async def test_aut13_an_operator_lists_a_number_on_one_gateway_and_takes_it_off(
    auth: RunningAuth,
) -> None:
    await auth.ask(
        pb.AddBlackEntryRequest(
            party=pb.PARTY_CALLER,
            number="100",
            gateway=ACME,
            lifetime_duration=Duration(seconds=60),
        )
    )
    stopped = await auth.ask(screen(1))
    listed = await auth.ask(pb.ListBlackEntriesRequest(number="100"))
    removed = await auth.ask(pb.RemoveBlackEntriesRequest(number="100"))

    assert stopped.stopped_by.gateway == ACME
    assert [each.hits for each in listed.entries] == [1]
    assert removed.removed == 1
    assert not (await auth.ask(screen(2))).HasField("stopped_by")
    assert auth.published == []


async def test_aut13_an_entry_that_expired_is_published_no_more(auth: RunningAuth) -> None:
    await auth.ask(
        pb.AddBlackEntryRequest(
            party=pb.PARTY_CALLEE, number="777", lifetime_duration=Duration(seconds=60)
        )
    )
    assert auth.published == ["black/callee/777/platform"]

    auth.house.now += timedelta(seconds=60)
    await auth.publication.refresh(auth.black_list, auth.house.now)

    assert auth.published == []


async def test_aut15_the_system_white_list_is_short(auth: RunningAuth) -> None:
    numbers = map(str, range(MAX_WHITE_NUMBERS + 1))

    with pytest.raises(BadDocuments, match="at most 1000 items"):
        await auth.documents.apply([white_list(*numbers)])


async def test_aut15_the_system_white_list_is_obeyed_and_published(auth: RunningAuth) -> None:
    await auth.documents.apply(
        [parameters(SS_BLACK_LIST_MALICIOUS_CALL_LIMIT=1), white_list("911", "4930*")]
    )

    answers = [await auth.ask(screen(number, callee="911")) for number in range(3)]
    found = await auth.ask(pb.FindNumberRequest(number="4930777"))

    assert not any(each.HasField("stopped_by") for each in answers)
    assert found.white
    assert auth.published == ["white/4930*", "white/911"]
    await auth.documents.apply([white_list("911")])
    assert auth.published == ["white/911"]


async def test_aut09_a_negative_limit_is_refused(auth: RunningAuth) -> None:
    plan = await auth.documents.plan([parameters(SS_BLACK_LIST_MALICIOUS_CALL_LIMIT=-1)])

    assert "0-100000" in plan.problems[0].message


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (screen(1, call_id=""), "call_id"),
        (screen(1, callee=""), "callee"),
        (screen(1, endpoint=None), "endpoint.kind"),
        (pb.AddBlackEntryRequest(party=pb.PARTY_CALLER, number="1"), "lifetime_duration"),
        (pb.AddBlackEntryRequest(number="1", lifetime_duration=Duration(seconds=1)), "party"),
        (
            pb.AddBlackEntryRequest(party=pb.PARTY_CALLER, lifetime_duration=Duration(seconds=1)),
            "number",
        ),
        (pb.FindNumberRequest(), "number"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field(
    auth: RunningAuth, request_: Any, field: str
) -> None:
    with pytest.raises(RemoteError) as raised:
        await auth.ask(request_)

    assert [each.field for each in raised.value.violations] == [field]


async def test_aut13_a_flagged_gateway_counts_for_itself(auth: RunningAuth) -> None:
    access = {"mode": "ip", "addresses": ["192.0.2.1"], "dynamicBlackListInStandalone": True}
    await auth.documents.apply(
        [
            parameters(
                SS_BLACK_LIST_DYNAMIC_RUN_MODE="Standalone", SS_BLACK_LIST_MALICIOUS_CALL_LIMIT=1
            ),
            Document("MappingGateway", "acme", {"access": access}),
        ]
    )
    other = Endpoint(kind=ENDPOINT_KIND_MAPPING_GATEWAY, name="other")

    await auth.ask(screen(1))
    stopped = await auth.ask(screen(2))
    elsewhere = [await auth.ask(screen(number, endpoint=other)) for number in (3, 4)]

    assert stopped.stopped_by.gateway == ACME
    assert not any(each.HasField("stopped_by") for each in elsewhere)


async def admitted(auth: RunningAuth) -> Any:
    source = SocketAddress(ip="192.0.2.1", port=5060)
    question = auth_pb2.AdmitRequest(
        method="INVITE", source=source, transport=TRANSPORT_UDP, call_id="call-1"
    )
    return (await auth.ask(question)).allow


async def test_a_call_is_to_be_screened_only_where_something_could_stop_it(
    auth: RunningAuth,
) -> None:
    auth.house.directory.put(static_gateway("acme", "192.0.2.1"))
    assert not (await admitted(auth)).screened

    await auth.ask(
        pb.AddBlackEntryRequest(
            party=pb.PARTY_CALLER, number="1", lifetime_duration=Duration(seconds=60)
        )
    )
    assert (await admitted(auth)).screened
    await auth.ask(pb.RemoveBlackEntriesRequest())
    assert not (await admitted(auth)).screened
    await auth.documents.apply([parameters(SS_BLACK_LIST_NO_ANSWER_LIMIT=1)])
    assert (await admitted(auth)).screened
