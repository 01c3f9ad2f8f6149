"""The `access` of a gateway or phone, as documents write it (AUT-05).

A password is hashed before it is stored: with the realm, in both algorithms (AUT-02). What is
stored in its place reads `digest:<realm>:<MD5 HA1>:<SHA-256 HA1>` and is never shown.
"""

from typing import Annotated, Final

from pydantic import Field, StringConstraints, field_validator, model_validator
from trunkline_kernel.documents import SECRET, Ref, Spec

from ..digest import Secret
from ..errors import InvalidAddress
from ..identity import AccessMode, BindingTrust, NamePattern, parse_source
from ..identity.endpoints import DEFAULT_PRIORITY
from .areas import AreaRuleSpec

HASHED: Final = "digest:"

Username = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r'^[^\s"\\\x00-\x1f:@]+$')
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,32}$")]


def domain_in(address: str) -> str:
    """Return the host name that an address is given by, lower case; "" for one that is not."""
    source = parse_source(address)
    return source.host.lower() if isinstance(source, NamePattern) else ""


class GatewayAccess(Spec):
    """How a customer's gateway proves itself."""

    mode: AccessMode
    """ip and ip-port trust the source address; digest asks for credentials and lets it register,
    and so does ims."""

    addresses: Annotated[tuple[str, ...], Ref("Domain", within=domain_in, required=False)] = ()
    """Where it sends from, in mode ip and ip-port: 192.0.2.10, 192.0.2.10:5062, 192.0.2.0/24, or a
    host name, whose addresses count as long as it is resolved (MGT-06)."""

    username: Username | None = None
    """Digest username; by default the document's name. In mode ip it may tell gateways of one
    address apart."""

    password: Annotated[Password | None, SECRET] = None
    """Digest password, in mode digest. Unset: the one before, or one that is made up (AUT-17)."""

    trust_binding: BindingTrust = BindingTrust.NONE
    """Whether calls from the registered address need no credentials, in mode digest."""

    callee_prefixes: tuple[Digits, ...] = ()
    """Tell gateways of one address apart by the number called."""

    priority: Annotated[int, Field(ge=0, le=10_000)] = DEFAULT_PRIORITY
    """Decides last among gateways of one address: the smaller number wins."""

    dynamic_black_list_in_standalone: bool = False
    """Whether numbers that misbehave here are listed, and blocked here, in mode Standalone of the
    dynamic black list (AUT-13)."""

    areas: AreaRuleSpec | None = None
    """From where it may come, where SS_ACCESS_IP_CHECK is On (AUT-18)."""

    @property
    def registers(self) -> bool:
        """Whether it proves itself by digest, and so may register."""
        return self.mode in (AccessMode.DIGEST, AccessMode.IMS)

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for text in addresses:
            try:
                parse_source(text)
            except InvalidAddress as error:
                raise ValueError(error.message) from None
        return addresses

    @model_validator(mode="after")
    def _fits_its_mode(self) -> "GatewayAccess":
        if self.registers:
            self._require(not self.addresses, f"mode {self.mode} takes no addresses")
            return self
        self._require(bool(self.addresses), f"mode {self.mode} needs addresses")
        self._require(self.password is None, f"mode {self.mode} takes no password")
        self._require(
            self.trust_binding is BindingTrust.NONE, f"mode {self.mode} takes no trustBinding"
        )
        networks = self.mode is AccessMode.IP_PORT and any("/" in each for each in self.addresses)
        self._require(not networks, "mode ip-port takes single addresses, no networks")
        return self

    def _require(self, truth: bool, message: str) -> None:
        if not truth:
            raise ValueError(message)


class PhoneAccess(Spec):
    """How a phone proves itself: its number is the username."""

    password: Annotated[Password | None, SECRET] = None
    """Digest password. Unset: the one before, or one that is made up (AUT-17)."""

    trust_binding: BindingTrust = BindingTrust.NONE
    """Whether calls from the registered address need no credentials (AUT-05)."""

    areas: AreaRuleSpec | None = None
    """From where it may come, where SS_ACCESS_IP_CHECK is On (AUT-18)."""


class MappingGatewaySpec(Spec):
    """What auth keeps of a mapping gateway."""

    access: GatewayAccess


class PhoneSpec(Spec):
    """What auth keeps of a phone."""

    access: PhoneAccess | None = None
    """Absent for a phone that never registers."""


def hashed(username: str, realm: str, password: str) -> str:
    """Return what is stored in place of a password.

    Raises ValueError for a password that looks hashed: nobody may choose the hash.
    """
    if password.startswith(HASHED):
        raise ValueError(f"a password may not begin with {HASHED!r}")
    secret = Secret.of_password(username, realm, password)
    return f"{HASHED}{realm}:{secret.md5}:{secret.sha256}"


def secret_of(stored: str) -> tuple[str, Secret]:
    """Return the realm and the secret that `hashed` stored."""
    realm, md5, sha256 = stored.removeprefix(HASHED).rsplit(":", 2)
    return realm, Secret(md5, sha256)
