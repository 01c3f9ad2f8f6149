"""What an operator may do (MGT-12): nothing that was not granted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from ..identity import AreaRule


class OperatorType(StrEnum):
    """Kinds of operators."""

    ADMIN = "admin"
    """May do everything, whatever is granted."""
    OPERATOR = "operator"
    """May do what is granted."""
    AGENT = "agent"
    """May do what is granted, with the accounts and rate groups that list it."""


class Right(IntEnum):
    """What is granted in a module; each includes those before."""

    NONE = 0
    READ = 1
    WRITE = 2
    DELETE = 3


class Listed(StrEnum):
    """Kinds of objects that agents must be listed for."""

    ACCOUNT = "Account"
    RATE_GROUP = "RateGroup"


@dataclass(frozen=True, slots=True)
class Operator:
    """One management user."""

    name: str
    type: OperatorType
    password_hash: str = ""
    """Argon2id, with its parameters. Empty where nobody can log in."""
    functions: Mapping[str, Right] = field(default_factory=dict)
    """Rights by module: "rates", "accounts", "gateways"."""
    listed: Mapping[Listed, frozenset[str]] = field(default_factory=dict)
    """Objects an agent may touch, by kind."""
    areas: AreaRule | None = None
    """From where it may log in (AUT-18)."""

    def may(self, module: str, right: Right) -> bool:
        """Return whether a right in a module is granted."""
        if self.type is OperatorType.ADMIN:
            return True
        return right is not Right.NONE and self.functions.get(module, Right.NONE) >= right

    def may_touch(self, kind: Listed, name: str) -> bool:
        """Return whether an account or rate group is open to the operator."""
        return self.type is not OperatorType.AGENT or name in self.listed.get(kind, frozenset())
