"""`trunkline login`, `logout` and `audit` (MGT-12)."""

import json
import stat
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.command import FakeSwitch, Run
from support.services import refuse
from trunkline.auth.v1 import operators_pb2 as pb
from trunkline.auth.v1.operators_pb2_grpc import (
    OperatorServiceServicer,
    add_OperatorServiceServicer_to_server,
)
from trunkline_cli.services import Service
from trunkline_cli.up import _asking_auth


class Operators(OperatorServiceServicer):
    """An auth that lets olga in and tells her the audit."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def Login(self, request: pb.LoginRequest, context: Any) -> pb.LoginResponse:
        if (request.name, request.password) != ("olga", "abcd1234"):
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, "name or password is wrong", {})
        return pb.LoginResponse(token="the-token")

    def GeneratePassword(self, request: Any, context: Any) -> pb.GeneratePasswordResponse:
        return pb.GeneratePasswordResponse(password="aB3+aB3+aB3+")

    def ListAudit(self, request: pb.ListAuditRequest, context: Any) -> pb.ListAuditResponse:
        self.shown.append(str(dict(context.invocation_metadata()).get("authorization", "")))
        record = pb.AuditRecord(operator="olga", ip="192.0.2.1", object="RateGroup/retail")
        return pb.ListAuditResponse(records=[record])


@pytest.fixture
def operators(switch: FakeSwitch) -> Operators:
    servicer = Operators()  # type: ignore[abstract]
    switch.servicers[Service.AUTH] = [(add_OperatorServiceServicer_to_server, servicer)]
    return servicer


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_PASSWORD", "abcd1234")


@pytest.mark.usefixtures("password")
def test_mgt12_a_login_is_shown_with_every_call_until_logout(
    run: Run, operators: Operators
) -> None:
    login = run("login", "olga")
    run("audit", "list")
    run("logout")
    listed = run("audit", "list", "--output", "json")

    assert login.status == 0
    assert operators.shown == ["Bearer the-token", ""]
    assert json.loads(listed.out)[0]["object"] == "RateGroup/retail"


@pytest.mark.usefixtures("password")
def test_mgt12_nobody_else_reads_the_tokens(run: Run, operators: Operators, tmp_path: Path) -> None:
    run("login", "olga")

    (kept,) = tmp_path.rglob("tokens.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_mgt12_a_wrong_password_is_said_and_nothing_is_kept(
    run: Run, operators: Operators, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_PASSWORD", "wrong")

    refused = run("login", "olga")

    assert refused.status == 1
    assert "name or password is wrong" in refused.err
    assert not list(tmp_path.rglob("tokens.json"))


def test_mgt12_programs_give_their_token_by_a_variable(
    run: Run, operators: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_TOKEN", "of a program")

    run("audit", "list")

    assert operators.shown == ["Bearer of a program"]


def test_aut17_a_password_for_a_terminal_is_written_alone(run: Run, operators: Operators) -> None:
    assert run("password").out == "aB3+aB3+aB3+\n"


def test_mgt12_the_services_of_a_local_switch_ask_its_auth() -> None:
    settings = _asking_auth({"TRUNKLINE_AUTH_GRPC_PORT": "6000", "TRUNKLINE_MEDIA_OPERATORS": ""})

    assert settings == {
        f"TRUNKLINE_{service}_OPERATORS": "127.0.0.1:6000"
        for service in ("SIGNALING", "ROUTING", "BILLING")
    }
