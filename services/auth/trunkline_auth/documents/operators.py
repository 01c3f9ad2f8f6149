"""Operators as documents write them (MGT-12): passwords are stored as argon2 hashes."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from pydantic import StringConstraints
from trunkline_kernel.documents import SECRET, Event, Kind, Ref, Spec

from ..errors import PasswordTooShort
from ..operators.authority import Listed, Operator, OperatorType, Right
from ..operators.passwords import PasswordHasher, require_length
from .areas import AreaRuleSpec

OPERATOR: Final = "Operator"

Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Module = Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z]{0,31}$")]


class FunctionsSpec(Spec):
    """Modules by the most that may be done in them."""

    read: tuple[Module, ...] = ()
    write: tuple[Module, ...] = ()
    delete: tuple[Module, ...] = ()

    def compiled(self) -> dict[str, Right]:
        """Return rights by module; the greatest counts."""
        rights: dict[str, Right] = {}
        for modules, right in (
            (self.read, Right.READ),
            (self.write, Right.WRITE),
            (self.delete, Right.DELETE),
        ):
            rights.update(dict.fromkeys(modules, right))
        return rights


class OperatorSpec(Spec):
    """One management user. What is not granted is denied."""

    type: OperatorType
    password: Annotated[Password | None, SECRET] = None
    """Absent, nobody can log in."""
    functions: FunctionsSpec = FunctionsSpec()
    accounts: Annotated[tuple[str, ...], Ref("Account")] = ()
    """Accounts an agent may touch."""
    rate_groups: Annotated[tuple[str, ...], Ref("RateGroup")] = ()
    """Rate groups an agent may touch."""
    areas: AreaRuleSpec | None = None
    """From where it may log in (AUT-18)."""

    def compiled(self, name: str) -> Operator:
        """Return the operator in the form that logins meet."""
        return Operator(
            name,
            self.type,
            self.password or "",
            self.functions.compiled(),
            {
                Listed.ACCOUNT: frozenset(self.accounts),
                Listed.RATE_GROUP: frozenset(self.rate_groups),
            },
            self.areas.compiled() if self.areas else None,
        )


def operator_kind(hasher: PasswordHasher, minimum_length: Callable[[], int]) -> Kind[OperatorSpec]:
    """Return the kind; passwords are hashed, and must be as long as the parameter says."""

    def prepare(name: str, spec: OperatorSpec, stored: OperatorSpec | None) -> OperatorSpec:
        before = stored.password if stored else None
        if spec.password is None or spec.password == before:
            return spec
        if before is not None and hasher.matches(before, spec.password):
            return spec.model_copy(update={"password": before})
        try:
            require_length(spec.password, minimum_length())
        except PasswordTooShort as error:
            raise ValueError(error.message) from None
        return spec.model_copy(update={"password": hasher.hash(spec.password)})

    return Kind(OPERATOR, OperatorSpec, prepare=prepare, module="operators")


class OperatorFeed:
    """Keeps operators what the documents say."""

    def __init__(self) -> None:
        self._operators: dict[str, Operator] = {}

    def find(self, name: str) -> Operator | None:
        """Return an operator by name."""
        return self._operators.get(name)

    @property
    def has_admin(self) -> bool:
        """Whether an admin exists who can log in."""
        return any(
            each.type is OperatorType.ADMIN and each.password_hash
            for each in self._operators.values()
        )

    async def documents_changed(self, events: Sequence[Event]) -> None:
        """Take over changed operators."""
        for event in events:
            if event.kind != OPERATOR:
                continue
            if isinstance(event.spec, OperatorSpec):
                self._operators[event.name] = event.spec.compiled(event.name)
            else:
                self._operators.pop(event.name, None)
