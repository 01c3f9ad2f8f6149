"""Vendors' passwords at rest: sealed in the document, each for its gateway."""

from __future__ import annotations

from trunkline_kernel.vault import Vault

from .routing_gateway import RoutingGatewaySpec


class GatewayVault:
    """Seals and opens the passwords of routing gateways."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def prepare(
        self, name: str, spec: RoutingGatewaySpec, previous: RoutingGatewaySpec | None
    ) -> RoutingGatewaySpec:
        """Return `spec` as it is stored; a password that did not change stays as it was sealed."""
        given = spec.credentials
        if given is None:
            return spec
        kept = previous.credentials.password if previous and previous.credentials else None
        return _with_password(spec, self._vault.seal_anew(name, given.password, kept))

    def opened(self, name: str, spec: RoutingGatewaySpec) -> RoutingGatewaySpec:
        """Return a stored spec with its password as it is used. Raises `BadKey`."""
        if spec.credentials is None:
            return spec
        return _with_password(spec, self._vault.open(name, spec.credentials.password))


def _with_password(spec: RoutingGatewaySpec, password: str) -> RoutingGatewaySpec:
    assert spec.credentials is not None
    credentials = spec.credentials.model_copy(update={"password": password})
    return spec.model_copy(update={"credentials": credentials})
