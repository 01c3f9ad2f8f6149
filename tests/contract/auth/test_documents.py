"""`access` of gateways and phones: what is accepted, stored, and made of it at the doors."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.auth_doors import Knocker, status
from support.auth_service import RunningAuth
from trunkline_kernel.documents import Action, BadDocuments, Document, DocumentInUse
from trunkline_kernel.documents.kinds import masked


def gateway(name: str = "acme", **access: Any) -> Document:
    return Document("MappingGateway", name, {"access": access})


def terminal(name: str = "1001", **access: Any) -> Document:
    return Document("Phone", name, {"access": access})


async def test_a_phone_registers_once_its_document_is_applied(auth: RunningAuth) -> None:
    client = Knocker(auth.house, "1001", "right")

    await auth.documents.apply([terminal(password="right")])

    assert status(await client.signed_register()) == 200


async def test_a_gateway_is_known_until_its_document_is_deleted(auth: RunningAuth) -> None:
    await auth.documents.apply([gateway(mode="ip", addresses=["203.0.113.7"])])
    client = Knocker(auth.house, "someone", "")

    assert status(await client.invite()) == 200
    await auth.documents.delete("MappingGateway", "acme")
    assert status(await client.invite()) == 403


async def test_a_gateways_username_is_its_name_unless_it_says_otherwise(auth: RunningAuth) -> None:
    await auth.documents.apply(
        [
            gateway("acme", mode="digest", password="right"),
            gateway("other", mode="digest", username="trunk7", password="right"),
        ]
    )
    by_name = Knocker(auth.house, "acme", "right")
    by_username = Knocker(auth.house, "trunk7", "right", source="203.0.113.8:5060")

    assert status(await by_name.signed_register()) == 200
    assert status(await by_username.signed_register()) == 200


async def test_mgt16_an_ims_edge_is_kept_as_one_and_registers_like_any_terminal(
    auth: RunningAuth,
) -> None:
    await auth.documents.apply([gateway("acme", mode="ims", password="right")])

    stored, _ = await auth.documents.get("MappingGateway", "acme")
    assert stored.model_dump()["access"]["mode"] == "ims"
    assert status(await Knocker(auth.house, "acme", "right").signed_register()) == 200
    assert status(await Knocker(auth.house, "acme", "wrong").signed_register()) == 401


async def test_a_phone_without_access_can_not_register(auth: RunningAuth) -> None:
    await auth.documents.apply([Document("Phone", "1001", {})])

    assert auth.house.directory.named("1001") is None


@pytest.mark.parametrize(
    ("document", "username"),
    [(terminal(), "1001"), (gateway(mode="digest"), "acme")],
    ids=["a phone", "a gateway"],
)
async def test_aut17_a_terminal_without_a_password_gets_one_that_works(
    auth: RunningAuth, document: Document, username: str
) -> None:
    (made,) = await auth.documents.apply([document])

    password = made.generated["spec.access.password"]
    assert len(password) == 12
    assert password not in repr(made)
    assert status(await Knocker(auth.house, username, password).signed_register()) == 200


async def test_aut17_a_password_that_was_made_up_is_told_once_and_stays(auth: RunningAuth) -> None:
    (first,) = await auth.documents.apply([terminal()])
    (again,) = await auth.documents.apply([terminal()])
    (changed,) = await auth.documents.apply([terminal(trustBinding="ip")])

    password = first.generated["spec.access.password"]
    assert (again.action, again.generated, changed.generated) == (Action.UNCHANGED, {}, {})
    assert status(await Knocker(auth.house, "1001", password).signed_register()) == 200


async def test_aut17_made_up_passwords_are_all_different_and_reach_no_disk(
    auth: RunningAuth, tmp_path: Path
) -> None:
    changes = await auth.documents.apply([terminal(str(number)) for number in range(1000, 2000)])

    passwords = {change.generated["spec.access.password"] for change in changes}
    stored = everything_in(tmp_path)
    assert len(passwords) == 1000
    assert not any(password.encode() in stored for password in passwords)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.db*"))


async def test_aut17_a_dry_run_makes_nothing_up_that_holds(auth: RunningAuth) -> None:
    plan = await auth.documents.plan([terminal()])

    assert [change.action for change in plan.changes] == [Action.CREATED]
    assert auth.house.directory.named("1001") is None


async def test_no_password_reaches_the_disk_or_a_reader(auth: RunningAuth, tmp_path: Path) -> None:
    await auth.documents.apply([terminal(password="open sesame")])

    spec, _ = await auth.documents.get("Phone", "1001")
    with sqlite3.connect(tmp_path / "auth.db") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert masked(spec) == {"access": {"password": "***"}}
    assert "open sesame" not in dump
    assert "digest:trunkline.test:" in dump


async def test_applying_the_same_password_again_changes_nothing(auth: RunningAuth) -> None:
    await auth.documents.apply([terminal(password="right")])

    plan = await auth.documents.plan([terminal(password="right")])

    assert [change.action.name for change in plan.changes] == ["UNCHANGED"]


async def test_a_masked_password_keeps_the_stored_one(auth: RunningAuth) -> None:
    await auth.documents.apply([terminal(password="right")])
    await auth.documents.apply([terminal(password="***", trustBinding="ip")])
    client = Knocker(auth.house, "1001", "right")

    assert status(await client.signed_register()) == 200


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        pytest.param(gateway(), "spec.access.mode: is required", id="no mode"),
        pytest.param(
            gateway(mode="ip"),
            "spec.access: mode ip needs addresses",
            id="no addresses",
        ),
        pytest.param(
            gateway(mode="ip", addresses=["192.0.2.256"]),
            "spec.access.addresses: '192.0.2.256': expected an IPv4 or IPv6 address",
            id="no address",
        ),
        pytest.param(
            gateway(mode="ip", addresses=["192.0.2.1:0"]),
            "spec.access.addresses: '192.0.2.1:0': expected a port from 1 to 65535",
            id="no port",
        ),
        pytest.param(
            gateway(mode="ip", addresses=["192.0.2.1/24"]),
            "spec.access.addresses: '192.0.2.1/24': 192.0.2.1/24 has host bits set",
            id="no network",
        ),
        pytest.param(
            gateway(mode="ip-port", addresses=["192.0.2.0/24"]),
            "spec.access: mode ip-port takes single addresses, no networks",
            id="a network in mode ip-port",
        ),
        pytest.param(
            gateway(mode="ip", addresses=["192.0.2.1"], password="x"),
            "spec.access: mode ip takes no password",
            id="a password in mode ip",
        ),
        pytest.param(
            gateway(mode="ip", addresses=["192.0.2.1"], trustBinding="ip"),
            "spec.access: mode ip takes no trustBinding",
            id="trust in mode ip",
        ),
        pytest.param(
            gateway(mode="digest", password="x", addresses=["192.0.2.1"]),
            "spec.access: mode digest takes no addresses",
            id="addresses in mode digest",
        ),
        pytest.param(
            terminal(password="digest:r:0:0"),
            "spec: a password may not begin with 'digest:'",
            id="a chosen hash",
        ),
        pytest.param(
            gateway(mode="digest", username='a"b', password="x"),
            "spec.access.username: must match pattern",
            id="a username that breaks quotes",
        ),
        pytest.param(
            gateway(mode="ip", addresses=["192.0.2.1"], prefixes=["1"]),
            "spec.access.prefixes: unknown field",
            id="an unknown field",
        ),
    ],
)
async def test_a_wrong_access_is_refused(
    auth: RunningAuth, document: Document, problem: str
) -> None:
    plan = await auth.documents.plan([document])

    assert [f"{each.field}: {each.message}"[: len(problem)] for each in plan.problems] == [problem]


async def test_a_new_username_needs_the_password_again(auth: RunningAuth) -> None:
    await auth.documents.apply([gateway(mode="digest", username="one", password="right")])

    plan = await auth.documents.plan([gateway(mode="digest", username="two", password="***")])

    assert "must be given again" in plan.problems[0].message


async def test_a_username_belongs_to_one_terminal(auth: RunningAuth) -> None:
    await auth.documents.apply([terminal("1001", password="right")])

    with pytest.raises(BadDocuments) as raised:
        await auth.documents.apply([gateway(mode="digest", username="1001", password="x")])

    assert "username '1001' is that of Phone/1001 already" in raised.value.message


async def test_aut05_twins_of_one_address_are_found(auth: RunningAuth) -> None:
    await auth.documents.apply(
        [
            gateway("acme", mode="ip", addresses=["192.0.2.1"]),
            gateway("berlin", mode="ip", addresses=["192.0.2.1"], calleePrefixes=["4930"]),
            gateway("zulu", mode="ip", addresses=["192.0.2.9", "192.0.2.1"]),
        ]
    )
    directory = auth.house.directory

    twins = {each.id.name: [twin.id.name for twin in directory.twins(each)] for each in directory}

    assert twins == {"acme": ["zulu"], "berlin": [], "zulu": ["acme"]}


async def test_a_parameter_is_set_by_its_other_name(auth: RunningAuth) -> None:
    await auth.documents.apply([Document("Parameters", "", {"SS_AUTHCHALLENGEMODE": 407})])

    assert auth.documents.parameters is not None
    values = auth.documents.parameters.values
    assert values.text(values.find("SS_SIP_AUTHENTICATION_CODE")) == "407"


async def test_aut04_c_a_suspension_below_a_minute_is_refused(auth: RunningAuth) -> None:
    parameters = Document("Parameters", "", {"SS_AUTHENTICATION_FAILED_SUSPEND": 30})

    plan = await auth.documents.plan([parameters])

    assert "60-3600" in plan.problems[0].message


def area(*ranges: tuple[str, int]) -> Document:
    return Document(
        "Area", "HQ", {"ranges": [{"start": start, "count": count} for start, count in ranges]}
    )


async def test_aut18_an_area_restricts_who_names_it(auth: RunningAuth) -> None:
    auth.house.set(access_ip_check=True)
    await auth.documents.apply(
        [
            area(("203.0.113.0", 8)),
            gateway(mode="ip", addresses=["203.0.113.0/24"], areas={"allow": ["HQ"]}),
        ]
    )
    inside = Knocker(auth.house, "someone", "", source="203.0.113.7:5060")
    outside = Knocker(auth.house, "someone", "", source="203.0.113.8:5060")

    assert status(await inside.invite()) == 200
    assert status(await outside.invite()) == 403


@pytest.mark.parametrize("wrong", [("10.0.0.0", 0), ("255.255.255.255", 2), ("10.0.0", 1)])
async def test_aut18_a_wrong_range_is_refused(auth: RunningAuth, wrong: tuple[str, int]) -> None:
    plan = await auth.documents.plan([area(wrong)])

    assert plan.problems[0].field.startswith("spec.ranges[0]")


async def test_aut18_an_area_that_is_named_can_not_be_deleted(auth: RunningAuth) -> None:
    await auth.documents.apply(
        [area(("10.0.0.0", 1)), terminal(password="x", areas={"deny": ["HQ"]})]
    )

    with pytest.raises(DocumentInUse):
        await auth.documents.delete("Area", "HQ")


async def test_aut05_a_second_gateway_of_one_address_is_warned_of_and_applied(
    auth: RunningAuth,
) -> None:
    twin = gateway("zulu", mode="ip", addresses=["192.0.2.9", "192.0.2.1:5060"])
    others = [
        gateway("acme", mode="ip", addresses=["192.0.2.1"]),
        gateway("berlin", mode="ip", addresses=["192.0.2.1"], calleePrefixes=["4930"]),
        gateway("ported", mode="ip-port", addresses=["192.0.2.1"]),
    ]
    await auth.documents.apply(others)

    plan = await auth.documents.plan([twin])

    assert plan.problems == []
    assert plan.warnings == []
    same = gateway("zulu", mode="ip", addresses=["192.0.2.9", "192.0.2.1"])
    plan = await auth.documents.plan([same])
    assert [(each.name, each.field) for each in plan.warnings] == [
        ("zulu", "spec.access.addresses[1]")
    ]
    assert (await auth.documents.apply([same]))[0].action.name == "CREATED"
