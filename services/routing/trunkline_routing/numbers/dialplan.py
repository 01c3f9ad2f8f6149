"""Dial plans: ordered rules that replace the beginning of a number (RTE-03 to RTE-06).

A plan is compiled once. Rules without a wildcard are found by their prefix; those with one are few
and are tried in order of rank, up to the best rule found by prefix.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .errors import PlanError
from .patterns import LengthCondition, Pattern, parse_pattern, split_condition
from .targets import Target, parse_target

_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One `original:target` of a plan."""

    original: Pattern
    condition: LengthCondition | None
    target: Target

    def __str__(self) -> str:
        return f"{self.original.text}{self.condition or ''}:{self.target.text}"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a rule made of a number."""

    number: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A rule as it is tried: its rank among all, and how to find the prefix it replaces."""

    rank: int
    rule: Rule
    expression: re.Pattern[str]
    constant: str | None

    def fits(self, length: int) -> bool:
        condition = self.rule.condition
        return condition is None or condition.holds(length)

    def rewrite(self, number: str, matched: int, rng: random.Random) -> Rewritten:
        constant = self.constant
        written = self.rule.target.write(number, rng) if constant is None else constant
        return Rewritten(written + number[matched:], self.rule)


class DialPlan:
    """A compiled plan. Equal texts make equal plans."""

    def __init__(self, text: str, rules: tuple[Rule, ...]) -> None:
        self.text = text
        self.rules = rules
        self._wild: list[_Compiled] = []
        self._literal: dict[str, list[_Compiled]] = defaultdict(list)
        for rank, rule in enumerate(sorted(rules, key=_precedence)):
            self._add(
                _Compiled(rank, rule, rule.original.expression(whole=False), rule.target.constant)
            )
        self._lengths = sorted({len(prefix) for prefix in self._literal}, reverse=True)

    @classmethod
    def parse(cls, text: str) -> DialPlan:
        """Return the plan that `text` spells; an empty text is a plan that changes nothing.

        Raises `PlanError` naming the rule and what was expected.
        """
        return _compile(_SPACES.sub("", text))

    def apply(self, number: str, rng: random.Random) -> Rewritten | None:
        """Return what the one best rule makes of `number`, or nothing when none matches."""
        best = self._best_literal(number)
        for wild in self._wild:
            if best is not None and best.rank < wild.rank:
                break
            if wild.fits(len(number)) and (match := wild.expression.match(number)):
                return wild.rewrite(number, match.end(), rng)
        if best is None:
            return None
        return best.rewrite(number, best.rule.original.weight, rng)

    def _add(self, compiled: _Compiled) -> None:
        literal = compiled.rule.original.literal
        if literal is None:
            self._wild.append(compiled)
        else:
            self._literal[literal].append(compiled)

    def _best_literal(self, number: str) -> _Compiled | None:
        for length in self._lengths:
            for compiled in self._literal.get(number[:length], ()):
                if compiled.fits(len(number)):
                    return compiled
        return None

    def __bool__(self) -> bool:
        return bool(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DialPlan) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"DialPlan({self.text!r})"


@lru_cache(maxsize=4096)
def _compile(text: str) -> DialPlan:
    """Return the one plan of a text: a hundred thousand phones share a few plans."""
    return DialPlan(text, tuple(_parse_rules(text)) if text else ())


def _precedence(rule: Rule) -> tuple[int, int, bool]:
    """Sort the best rule first; `sorted` keeps the order of the list among equals."""
    return (-rule.original.weight, -rule.original.literals, rule.condition is None)


def _parse_rules(text: str) -> Iterator[Rule]:
    for position, rule in enumerate(text.split(","), start=1):
        try:
            yield _parse_rule(rule)
        except PlanError as error:
            raise PlanError(f"rule {position} ({rule!r}): {error}") from None


def _parse_rule(text: str) -> Rule:
    original, colon, target = text.partition(":")
    if not colon:
        raise PlanError("expected original:target")
    pattern, condition = split_condition(original)
    return Rule(parse_pattern(pattern), condition, parse_target(target))
