"""The present values of a service's parameters, in memory: what its code reads on every call."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ..faults import FieldViolation, InvalidArgument, NotFound, TrunklineError
from ..logs import MASK
from .declarations import AnyParameter, Parameter

T = TypeVar("T")


class UnknownParameter(NotFound):
    """No parameter has this name."""

    reason = "UNKNOWN_PARAMETER"


class BadParameters(InvalidArgument):
    """Parameters that were written together are wrong."""

    reason = "BAD_PARAMETER_VALUE"


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter that gets another value. Values are spelled as they are stored."""

    parameter: AnyParameter
    old: str
    new: str

    @property
    def shown(self) -> tuple[str, str]:
        """Return old and new value as people may see them."""
        return show(self.parameter, self.old), show(self.parameter, self.new)


Check = Callable[["Parameters"], Iterable[FieldViolation]]
"""Looks at parameters as they would be and returns what does not fit together."""

Listener = Callable[[Sequence[Change]], None]


class Parameters:
    """A service's parameters: `parameters[SESSION_TTL]` is the typed value."""

    def __init__(self, declared: Iterable[AnyParameter], checks: Iterable[Check] = ()) -> None:
        self.declared: Final[dict[str, AnyParameter]] = {}
        self._by_name: dict[str, AnyParameter] = {}
        self._checks = tuple(checks)
        self._values: dict[str, Any] = {}
        self._set: dict[str, str] = {}
        self._listeners: list[Listener] = []
        for parameter in sorted(declared, key=lambda each: each.name):
            self.declared[parameter.name] = parameter
            self._values[parameter.name] = parameter.default
            for name in (parameter.name, *parameter.aliases):
                if name in self._by_name:
                    raise ValueError(f"{name} is declared twice")
                self._by_name[name] = parameter

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """Return the present value."""
        value: T = self._values[parameter.name]
        return value

    def find(self, name: str) -> AnyParameter:
        """Return the declaration by name or alias. Raises `UnknownParameter`."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownParameter(f"{name} is not a parameter of this service") from None

    def text(self, parameter: AnyParameter) -> str:
        """Return the present value as it is stored."""
        return self._set.get(parameter.name) or parameter.spell(self._values[parameter.name])

    def is_set(self, parameter: AnyParameter) -> bool:
        """Return whether a value was set, rather than the default being in force."""
        return parameter.name in self._set

    def names(self) -> list[str]:
        """Return every name and alias."""
        return list(self._by_name)

    def plan(self, values: Mapping[str, str]) -> list[Change]:
        """Return what writing `values` together would change.

        Raises `UnknownParameter`, or `BadParameters` with every wrong value at once.
        """
        texts = {}
        violations: list[FieldViolation] = []
        for name, text in values.items():
            parameter = self.find(name)
            if parameter.name in texts:
                violations.append(
                    FieldViolation(name, f"is an alias of {parameter.name}, given too")
                )
            try:
                texts[parameter.name] = parameter.spell(parameter.parse(text))
            except TrunklineError as error:
                violations += error.violations
        if not violations:
            violations += self._with(texts)._misfits()
        if violations:
            raise BadParameters(violations=violations)
        return [
            Change(parameter, self.text(parameter), text)
            for name, text in texts.items()
            if (parameter := self.declared[name]) and self.text(parameter) != text
        ]

    def plan_reset(self, names: Iterable[str]) -> list[Change]:
        """Return what putting `names` back to their defaults would change."""
        found = {parameter.name: parameter for parameter in map(self.find, names)}
        return self.plan({name: each.spell(each.default) for name, each in found.items()})

    def replace(self, texts: Mapping[str, str]) -> list[Change]:
        """Take `texts` as all that is set, tell the listeners, and return what changed.

        Names that this version of the service does not declare are left alone.
        """
        before = {name: self.text(each) for name, each in self.declared.items()}
        self._set = {name: text for name, text in texts.items() if name in self.declared}
        for name, parameter in self.declared.items():
            text = self._set.get(name)
            self._values[name] = parameter.default if text is None else parameter.parse(text)
        changes = [
            Change(parameter, before[name], self.text(parameter))
            for name, parameter in self.declared.items()
            if before[name] != self.text(parameter)
        ]
        if changes:
            for listener in self._listeners:
                listener(changes)
        return changes

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _with(self, texts: Mapping[str, str]) -> "Parameters":
        planned = Parameters(self.declared.values(), self._checks)
        planned.replace({**self._set, **texts})
        return planned

    def _misfits(self) -> list[FieldViolation]:
        return [violation for check in self._checks for violation in check(self)]


def show(parameter: AnyParameter, text: str) -> str:
    """Return a value as people may see it: secrets are masked."""
    return MASK if parameter.secret and text else text
