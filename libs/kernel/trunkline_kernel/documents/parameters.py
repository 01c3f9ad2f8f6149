"""Parameters as a document: the kind Parameters, whose fields are parameter names.

Applying names only what is to change; everything else stays as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from ..faults import FieldViolation
from ..parameters.registry import BadParameters, Parameters, show
from ..parameters.store import StoredParameters
from .kinds import Kind
from .spec import Json

NAME: Final = "Parameters"


class ParametersSpec(BaseModel):
    """Values by parameter name, as JSON has them or as text."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @property
    def values(self) -> dict[str, Json]:
        """Return what was given."""
        return dict(self.model_extra or {})


class ParametersStore:
    """Keeps the kind where parameters are kept."""

    def __init__(self, stored: StoredParameters) -> None:
        self._stored = stored

    async def get(self, session: AsyncSession, name: str) -> ParametersSpec | None:
        """Return what is set, secrets masked."""
        values = self._stored.values
        return ParametersSpec.model_validate(
            {
                parameter.name: show(parameter, values.text(parameter))
                for parameter in values.declared.values()
                if values.is_set(parameter)
            }
        )

    async def names(self, session: AsyncSession) -> Sequence[str]:
        """Return the one, empty name."""
        return [""]

    async def put(
        self,
        session: AsyncSession,
        name: str,
        spec: ParametersSpec,
        previous: ParametersSpec | None,
        author: str,
    ) -> None:
        """Write what differs."""
        shown = previous.values if previous else {}
        texts = {key: text(value) for key, value in spec.values.items() if shown.get(key) != value}
        changes = self._stored.values.plan(texts)
        await self._stored.write(session, changes, author)

    async def delete(self, session: AsyncSession, name: str, author: str) -> None:
        """Put every parameter back to its default."""
        values = self._stored.values
        names = [each.name for each in values.declared.values() if values.is_set(each)]
        await self._stored.write(session, values.plan_reset(names), author, reset=True)


def parameters_kind(stored: StoredParameters) -> Kind[ParametersSpec]:
    """Return the kind Parameters of a service."""
    values = stored.values

    def prepare(name: str, spec: ParametersSpec, previous: ParametersSpec | None) -> ParametersSpec:
        check(values, {key: text(value) for key, value in spec.values.items()})
        given = {values.find(key).name: text(value) for key, value in spec.values.items()}
        spelled = {
            key: values.declared[key].spell(values.declared[key].parse(given[key])) for key in given
        }
        before = previous.values if previous else {}
        new = {
            key: value
            for key, value in spelled.items()
            if key in before or value != values.declared[key].spell(values.declared[key].default)
        }
        return ParametersSpec.model_validate({**before, **new})

    return Kind(
        name=NAME,
        spec=ParametersSpec,
        rest=False,
        prepare=prepare,
        store=ParametersStore(stored),
        singleton=True,
        fields=values.names(),
        secrets=frozenset(each.name for each in values.declared.values() if each.secret),
        module="parameters",
    )


def check(values: Parameters, texts: Mapping[str, str]) -> None:
    """Raise `BadParameters` with every unknown name and every wrong value at once."""
    known = set(values.names())
    violations = [
        FieldViolation(name, "is not a parameter of this service") for name in texts.keys() - known
    ]
    try:
        values.plan({name: each for name, each in texts.items() if name in known})
    except BadParameters as error:
        violations += error.violations
    if violations:
        raise BadParameters(violations=sorted(violations, key=lambda each: each.field))


def text(value: Json) -> str:
    """Return a JSON value as an operator would write it."""
    if isinstance(value, bool):
        return "On" if value else "Off"
    if isinstance(value, list):
        return ",".join(text(item) for item in value)
    return "" if value is None else str(value)
