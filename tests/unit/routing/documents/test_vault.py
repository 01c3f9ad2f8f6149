"""Vendors' passwords at rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_routing.documents.routing_gateway import RoutingGatewaySpec
from trunkline_routing.documents.vault import BadKey, Vault, read_key
from trunkline_routing.model.builder import SnapshotBuilder

VAULT = Vault(bytes(32))


def vendor(password: str) -> RoutingGatewaySpec:
    return RoutingGatewaySpec.model_validate(
        {"address": "v.example", "credentials": {"username": "u", "password": password}}
    )


def password_of(spec: RoutingGatewaySpec) -> str:
    assert spec.credentials is not None
    return spec.credentials.password


@given(st.text(min_size=1, max_size=64))
def test_what_was_sealed_opens_to_itself(password: str) -> None:
    assert VAULT.open("first", VAULT.seal("first", password)) == password


def test_a_password_that_did_not_change_stays_as_it_was_sealed() -> None:
    stored = VAULT.prepare("first", vendor("swordfish"), None)

    assert VAULT.prepare("first", vendor("swordfish"), stored) == stored
    assert VAULT.prepare("first", vendor("other"), stored) != stored


def test_a_password_written_back_as_stored_is_not_sealed_twice() -> None:
    stored = VAULT.prepare("first", vendor("swordfish"), None)

    assert VAULT.prepare("first", stored, stored) == stored
    assert password_of(VAULT.opened("first", stored)) == "swordfish"


def test_a_password_that_looks_sealed_is_sealed_like_any_other() -> None:
    stored = VAULT.prepare("first", vendor("sealed:x"), None)

    assert password_of(VAULT.opened("first", stored)) == "sealed:x"


def test_a_vendor_is_used_without_its_password_when_the_key_is_lost() -> None:
    stored = Vault(b"k" * 32).prepare("first", vendor("swordfish"), None)
    builder = SnapshotBuilder(VAULT)
    builder.take("RoutingGateway", "first", stored)

    assert builder.snapshot().gateways["first"].spec.credentials is None


@pytest.mark.parametrize(
    ("vault", "name"),
    [
        pytest.param(Vault(b"k" * 32), "first", id="another key"),
        pytest.param(VAULT, "second", id="another gateway"),
    ],
)
def test_a_sealed_password_opens_with_its_key_for_its_gateway_only(vault: Vault, name: str) -> None:
    with pytest.raises(BadKey, match="sealed with another key"):
        vault.open(name, VAULT.seal("first", "swordfish"))


def test_a_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "var" / "routing.key"
    made = read_key("", file)

    assert read_key("", file) == made
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("key", ["no base64", "c2hvcnQ="])
def test_a_key_of_another_form_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(BadKey):
        Vault(read_key(key, tmp_path / "key"))
