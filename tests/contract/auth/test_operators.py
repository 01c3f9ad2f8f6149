"""AUT-16, AUT-17 and MGT-12: operators log in, do what they may, and are remembered."""

import ipaddress
import string
from typing import Any

import pytest
from support.auth_service import RunningAuth
from trunkline.auth.v1 import auth_pb2
from trunkline.auth.v1 import operators_pb2 as pb
from trunkline_auth.errors import PasswordTooShort
from trunkline_auth.identity import AddressRange, AreaMap
from trunkline_auth.operators.authority import Operator, OperatorType, Right
from trunkline_auth.operators.passwords import require_length
from trunkline_kernel.documents import Document
from trunkline_kernel.documents.kinds import masked
from trunkline_kernel.faults import Fault, RemoteError

IP = "203.0.113.7"
RIGHT_PASSWORD = "right password"


def operator(name: str = "olga", **spec: Any) -> Document:
    return Document("Operator", name, {"type": "operator", "password": RIGHT_PASSWORD, **spec})


def login(name: str = "olga", password: str = RIGHT_PASSWORD, ip: str = IP) -> pb.LoginRequest:
    return pb.LoginRequest(name=name, password=password, ip=ip)


async def refusal(auth: RunningAuth, request: Any) -> RemoteError:
    with pytest.raises(RemoteError) as raised:
        await auth.ask(request)
    return raised.value


async def token(auth: RunningAuth, name: str = "olga") -> str:
    response = await auth.ask(login(name))
    return str(response.token)


def wants(token: str, module: str, right: int, **more: str) -> Any:
    fields: dict[str, Any] = {"token": token, "ip": IP, "module": module, "right": right, **more}
    return pb.AuthorizeRequest(**fields)


async def test_mgt12_an_operator_logs_in_and_is_known_by_the_token(auth: RunningAuth) -> None:
    await auth.documents.apply([operator(functions={"read": ["rates"]})])

    response = await auth.ask(login())
    granted = await auth.ask(wants(response.token, "rates", pb.RIGHT_READ))

    assert response.type == pb.OPERATOR_TYPE_OPERATOR
    assert response.expire_time.seconds - auth.house.now.timestamp() == 12 * 3600
    assert granted.operator == "olga"


async def test_aut16_five_wrong_passwords_lock_an_operator_out_for_the_time(
    auth: RunningAuth,
) -> None:
    await auth.documents.apply([operator()])
    wrong = [await refusal(auth, login(password="wrong")) for _ in range(5)]

    locked = await refusal(auth, login())
    auth.house.wait(300)
    let_in = await auth.ask(login())

    assert {each.reason for each in wrong} == {"NOT_LOGGED_IN"}
    assert locked.reason == "LOGIN_DISABLED"
    assert {each.message for each in wrong} == {locked.message}
    assert let_in.token


async def test_aut16_success_resets_the_count(auth: RunningAuth) -> None:
    await auth.documents.apply([operator()])
    for _ in range(4):
        await refusal(auth, login(password="wrong"))
    await auth.ask(login())
    await refusal(auth, login(password="wrong"))

    assert (await auth.ask(login())).token


async def test_aut16_failures_from_everywhere_count_together(auth: RunningAuth) -> None:
    await auth.documents.apply([operator()])
    for last in range(5):
        await refusal(auth, login(password="wrong", ip=f"192.0.2.{last}"))

    assert (await refusal(auth, login())).reason == "LOGIN_DISABLED"


async def test_aut16_an_admin_unlocks_at_once(auth: RunningAuth) -> None:
    await auth.documents.apply([operator()])
    for _ in range(5):
        await refusal(auth, login(password="wrong"))
    listed = await auth.ask(auth_pb2.ListSuspensionsRequest())

    unlocked = await auth.ask(pb.UnlockOperatorRequest(name="olga"))

    assert [each.kind for each in listed.suspensions] == [auth_pb2.SUSPENSION_KIND_LOGIN]
    assert unlocked.was_locked
    assert (await auth.ask(login())).token
    assert not (await auth.ask(pb.UnlockOperatorRequest(name="olga"))).was_locked


async def test_aut16_zero_locks_nobody_out(auth: RunningAuth) -> None:
    values = {"SERVER_LOGIN_FAILED_DISABLE_TIME": 0}
    await auth.documents.apply([operator(), Document("Parameters", "", values)])
    for _ in range(6):
        await refusal(auth, login(password="wrong"))

    assert (await auth.ask(login())).token


async def test_aut16_nobody_is_refused_as_a_wrong_password_is(auth: RunningAuth) -> None:
    await auth.documents.apply([operator()])

    nobody = [await refusal(auth, login(name="nobody")) for _ in range(6)]

    assert {each.message for each in nobody} == {"name or password is wrong"}
    assert [each.reason for each in nobody] == ["NOT_LOGGED_IN"] * 5 + ["LOGIN_DISABLED"]


async def test_aut17_a_password_too_short_is_refused_by_its_rule(auth: RunningAuth) -> None:
    short = await auth.documents.plan([operator(password="abc1234")])
    long = await auth.documents.plan([operator(password="abcd1234")])

    assert [each.message for each in short.problems] == [
        "a password has 8 characters at least, not 7"
    ]
    assert not long.problems


async def test_aut17_a_password_stays_valid_until_it_is_changed(auth: RunningAuth) -> None:
    await auth.documents.apply([operator(password="abcd1234")])
    await auth.documents.apply([Document("Parameters", "", {"SERVER_PASSWORD_LENGTH": 12})])

    same = await auth.documents.plan([operator(password="abcd1234")])
    other = await auth.documents.plan([operator(password="abcd12345")])

    assert [each.action.name for each in same.changes] == ["UNCHANGED"]
    assert other.problems
    assert (await auth.ask(login(password="abcd1234"))).token


async def test_aut17_generated_passwords_have_every_class_and_are_all_different(
    auth: RunningAuth,
) -> None:
    values = {"SERVER_TERMINAL_ADDITIONAL_CHARACTERS": "+-"}
    await auth.documents.apply([Document("Parameters", "", values)])

    made = [(await auth.ask(pb.GeneratePasswordRequest())).password for _ in range(1000)]

    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "+-")
    assert len(set(made)) == 1000
    assert {len(each) for each in made} == {12}
    assert all(set(each) & set(members) for each in made for members in classes)


def test_aut17_the_rule_is_a_minimum() -> None:
    require_length("abcd1234", 8)
    with pytest.raises(PasswordTooShort):
        require_length("abc1234", 8)


async def test_aut18_an_operator_logs_in_from_its_areas_only(auth: RunningAuth) -> None:
    headquarters = {"ranges": [{"start": "10.0.0.0", "count": 256}]}
    await auth.documents.apply(
        [Document("Area", "HQ", headquarters), operator(areas={"allow": ["HQ"]})]
    )

    inside = await auth.ask(login(ip="10.0.0.255"))

    assert (await refusal(auth, login(ip="10.0.1.0"))).reason == "NOT_LOGGED_IN"
    elsewhere = wants(inside.token, "rates", pb.RIGHT_READ)
    assert (await refusal(auth, elsewhere)).fault is Fault.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("module", "right", "granted"),
    [
        ("rates", Right.READ, True),
        ("rates", Right.WRITE, False),
        ("gateways", Right.WRITE, True),
        ("gateways", Right.READ, True),
        ("gateways", Right.DELETE, False),
        ("cdrs", Right.DELETE, True),
        ("accounts", Right.READ, False),
        ("rates", Right.NONE, False),
    ],
)
def test_mgt12_what_is_not_granted_is_denied(module: str, right: Right, granted: bool) -> None:
    functions = {"rates": Right.READ, "gateways": Right.WRITE, "cdrs": Right.DELETE}
    olga = Operator("olga", OperatorType.OPERATOR, functions=functions)

    assert olga.may(module, right) is granted


async def test_mgt12_an_operator_without_the_right_is_denied(auth: RunningAuth) -> None:
    await auth.documents.apply([operator(functions={"read": ["rates"]})])

    denied = await refusal(auth, wants(await token(auth), "rates", pb.RIGHT_WRITE))

    assert (denied.fault, denied.message) == (
        Fault.PERMISSION_DENIED,
        "olga may not write in rates",
    )


async def test_mgt12_an_agent_touches_only_what_lists_it(auth: RunningAuth) -> None:
    await auth.documents.apply(
        [operator(type="agent", functions={"write": ["accounts"]}, accounts=["acme"])]
    )
    mine = await token(auth)

    granted = await auth.ask(wants(mine, "accounts", pb.RIGHT_WRITE, account="acme"))
    denied = await refusal(auth, wants(mine, "accounts", pb.RIGHT_WRITE, account="other"))

    assert granted.operator == "olga"
    assert "Account/other" in denied.message
    with pytest.raises(RemoteError):
        await auth.ask(wants(mine, "accounts", pb.RIGHT_READ, rate_group="retail"))


async def test_mgt12_an_admin_may_do_everything(auth: RunningAuth) -> None:
    await auth.documents.apply([operator(type="admin")])

    assert await auth.ask(wants(await token(auth), "anything", pb.RIGHT_DELETE, account="a"))


async def test_mgt12_an_operator_without_password_can_not_log_in(auth: RunningAuth) -> None:
    await auth.documents.apply([Document("Operator", "olga", {"type": "admin"})])

    assert (await refusal(auth, login(password=""))).reason == "NOT_LOGGED_IN"


@pytest.mark.parametrize("change", ["password", "removal", "time", "forgery"])
async def test_mgt12_a_token_ends(auth: RunningAuth, change: str) -> None:
    await auth.documents.apply([operator(type="admin")])
    old = await token(auth)
    match change:
        case "password":
            await auth.documents.apply([operator(type="admin", password="another one")])
        case "removal":
            await auth.documents.delete("Operator", "olga")
        case "time":
            auth.house.wait(12 * 3600)
        case "forgery":
            old = "x" * len(old)

    assert (await refusal(auth, wants(old, "rates", pb.RIGHT_READ))).reason == "NOT_LOGGED_IN"


async def test_no_password_of_an_operator_is_kept_or_shown(auth: RunningAuth) -> None:
    await auth.documents.apply([operator()])

    spec, _ = await auth.documents.get("Operator", "olga")

    assert masked(spec)["password"] == "***"
    assert spec.model_dump()["password"].startswith("$argon2id$")


def record(number: int, **more: str) -> pb.RecordAuditRequest:
    fields: dict[str, Any] = {"operator": "olga", "ip": IP, "object": "RateGroup/retail", **more}
    return pb.RecordAuditRequest(request_id=f"write-{number}", record=pb.AuditRecord(**fields))


async def test_mgt12_every_write_is_remembered_once(auth: RunningAuth) -> None:
    await auth.ask(record(1, before_json="{}", after_json='{"a": 1}'))
    await auth.ask(record(1, after_json="changed"))
    await auth.ask(record(2, operator="petra"))
    await auth.ask(record(3, object="Account/acme"))

    first = await auth.ask(pb.ListAuditRequest(page_size=2))
    second = await auth.ask(pb.ListAuditRequest(page_size=2, page_token=first.next_page_token))
    of_olga = await auth.ask(pb.ListAuditRequest(operator="olga", object="RateGroup/retail"))

    assert [each.object for each in first.records] == ["Account/acme", "RateGroup/retail"]
    assert [each.after_json for each in second.records] == ['{"a": 1}']
    assert [(each.operator, each.ip, each.before_json) for each in of_olga.records] == [
        ("olga", IP, "{}")
    ]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (login(ip="nowhere"), "ip"),
        (pb.RecordAuditRequest(record=pb.AuditRecord(operator="o", object="x")), "request_id"),
        (record(1, operator=""), "record.operator"),
        (record(1, object=""), "record.object"),
        (pb.ListAuditRequest(page_token="x"), "page_token"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field(
    auth: RunningAuth, request_: Any, field: str
) -> None:
    assert [each.field for each in (await refusal(auth, request_)).violations] == [field]


@pytest.mark.parametrize(
    ("module", "right", "field"), [("", pb.RIGHT_READ, "module"), ("rates", 0, "right")]
)
async def test_a_question_for_nothing_is_no_question(
    auth: RunningAuth, module: str, right: int, field: str
) -> None:
    await auth.documents.apply([operator(type="admin")])

    error = await refusal(auth, wants(await token(auth), module, right))

    assert [each.field for each in error.violations] == [field]


def test_aut18_an_area_map_permits_everybody_without_a_rule() -> None:
    areas = AreaMap([AddressRange("HQ", ipaddress.IPv4Address("10.0.0.0"), 1)])

    assert areas.permits(None, ipaddress.IPv4Address("192.0.2.1"))
