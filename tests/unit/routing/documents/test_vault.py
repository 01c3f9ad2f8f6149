"""Vendors' passwords at rest."""

from __future__ import annotations

from trunkline_kernel.vault import Vault
from trunkline_routing.documents.routing_gateway import RoutingGatewaySpec
from trunkline_routing.documents.vault import GatewayVault
from trunkline_routing.model.builder import SnapshotBuilder

VAULT = GatewayVault(Vault(bytes(32)))


def vendor(password: str) -> RoutingGatewaySpec:
    return RoutingGatewaySpec.model_validate(
        {"address": "v.example", "credentials": {"username": "u", "password": password}}
    )


def password_of(spec: RoutingGatewaySpec) -> str:
    assert spec.credentials is not None
    return spec.credentials.password


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
    stored = GatewayVault(Vault(b"k" * 32)).prepare("first", vendor("swordfish"), None)
    builder = SnapshotBuilder(VAULT)
    builder.take("RoutingGateway", "first", stored)

    assert builder.snapshot().gateways["first"].spec.credentials is None
