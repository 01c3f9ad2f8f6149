"""The kinds of documents that auth keeps, and what is checked across them (AUT-05)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from trunkline_kernel.documents import Kind, Planned, Problem

from ..identity import EndpointKind, parse_source
from .access import GatewayAccess, MappingGatewaySpec, PhoneAccess, PhoneSpec, hashed
from .areas import AREA_KIND

PATH: Final = "spec.access.password"

AccessT = TypeVar("AccessT", GatewayAccess, PhoneAccess)

MakePassword = Callable[[], str]


def kinds(realm: str, make_password: MakePassword) -> list[Kind[Any]]:
    """Return auth's kinds; passwords are hashed with `realm`, and made up where none is given."""
    return [
        AREA_KIND,
        Kind(
            EndpointKind.MAPPING_GATEWAY,
            MappingGatewaySpec,
            rest=False,
            generate=_gateway_generation(make_password),
            prepare=_gateway_preparation(realm),
            module="gateways",
        ),
        Kind(
            EndpointKind.PHONE,
            PhoneSpec,
            rest=False,
            generate=_phone_generation(make_password),
            prepare=_phone_preparation(realm),
            module="phones",
        ),
    ]


def username_of(name: str, access: GatewayAccess) -> str:
    """Return the digest username of a gateway."""
    return access.username or name


def usernames_are_unique(planned: Planned) -> Iterator[Problem]:
    """Find digest usernames that two terminals claim: nobody could tell whose credentials came."""
    owners: dict[str, str] = {}
    for kind, name, username, field in _usernames(planned):
        document = f"{kind}/{name}"
        if username in owners:
            yield Problem(
                kind, name, field, f"username {username!r} is that of {owners[username]} already"
            )
        owners.setdefault(username, document)


def gateways_are_told_apart(planned: Planned) -> Iterator[Problem]:
    """Find customers' gateways of one address that nothing tells apart (AUT-05): a warning."""
    first: dict[str, str] = {}
    for name, gateway in sorted(planned.of(EndpointKind.MAPPING_GATEWAY).items()):
        access: GatewayAccess = gateway.access
        if access.registers or access.username or access.callee_prefixes:
            continue
        for place, text in enumerate(access.addresses):
            owner = first.setdefault(f"{access.mode} {parse_source(text)}", name)
            if owner != name:
                yield Problem(
                    EndpointKind.MAPPING_GATEWAY,
                    name,
                    f"spec.access.addresses[{place}]",
                    f"{text} is an address of MappingGateway/{owner} too, and nothing tells the two"
                    " apart: give one calleePrefixes or a username",
                    is_warning=True,
                )


def _usernames(planned: Planned) -> Iterator[tuple[str, str, str, str]]:
    for name, phone in planned.of(EndpointKind.PHONE).items():
        if phone.access is not None:
            yield EndpointKind.PHONE, name, name, "name"
    for name, gateway in planned.of(EndpointKind.MAPPING_GATEWAY).items():
        access: GatewayAccess = gateway.access
        if access.registers:
            yield (
                EndpointKind.MAPPING_GATEWAY,
                name,
                username_of(name, access),
                "spec.access.username",
            )


def _gateway_generation(
    make_password: MakePassword,
) -> Callable[
    [str, MappingGatewaySpec, MappingGatewaySpec | None],
    tuple[MappingGatewaySpec, Mapping[str, str]],
]:
    def generate(
        name: str, spec: MappingGatewaySpec, stored: MappingGatewaySpec | None
    ) -> tuple[MappingGatewaySpec, Mapping[str, str]]:
        if not spec.access.registers:
            return spec, {}
        before = stored.access if stored else None
        access, generated = _filled(spec.access, before, make_password)
        return spec.model_copy(update={"access": access}), generated

    return generate


def _phone_generation(
    make_password: MakePassword,
) -> Callable[[str, PhoneSpec, PhoneSpec | None], tuple[PhoneSpec, Mapping[str, str]]]:
    def generate(
        name: str, spec: PhoneSpec, stored: PhoneSpec | None
    ) -> tuple[PhoneSpec, Mapping[str, str]]:
        if spec.access is None:
            return spec, {}
        before = stored.access if stored else None
        access, generated = _filled(spec.access, before, make_password)
        return spec.model_copy(update={"access": access}), generated

    return generate


def _filled(
    access: AccessT, stored: AccessT | None, make_password: MakePassword
) -> tuple[AccessT, Mapping[str, str]]:
    """Return `access` with a password: its own, the stored one, or one that is made up (AUT-17)."""
    if access.password is not None:
        return access, {}
    kept = stored.password if stored else None
    password = kept or make_password()
    filled = access.model_copy(update={"password": password})
    return filled, {} if kept else {PATH: password}


def _gateway_preparation(
    realm: str,
) -> Callable[[str, MappingGatewaySpec, MappingGatewaySpec | None], MappingGatewaySpec]:
    def prepare(
        name: str, spec: MappingGatewaySpec, stored: MappingGatewaySpec | None
    ) -> MappingGatewaySpec:
        access = spec.access
        if access.password is None:
            return spec
        username = username_of(name, access)
        kept = stored is not None and access.password == stored.access.password
        if kept and stored is not None and username != username_of(name, stored.access):
            raise ValueError("access.password must be given again with a new username")
        password = access.password if kept else hashed(username, realm, access.password)
        return spec.model_copy(update={"access": access.model_copy(update={"password": password})})

    return prepare


def _phone_preparation(
    realm: str,
) -> Callable[[str, PhoneSpec, PhoneSpec | None], PhoneSpec]:
    def prepare(name: str, spec: PhoneSpec, stored: PhoneSpec | None) -> PhoneSpec:
        access = spec.access
        if access is None or access.password is None:
            return spec
        before = stored.access.password if stored and stored.access else None
        password = access.password
        if password != before:
            password = hashed(name, realm, password)
        return spec.model_copy(update={"access": access.model_copy(update={"password": password})})

    return prepare


CHECKS: Iterable[Callable[[Planned], Iterable[Problem]]] = (
    usernames_are_unique,
    gateways_are_told_apart,
)
