"""What can be wrong with a number or with a rule that rewrites it.

NumberingError
├── PlanError       a rule as an operator wrote it
└── BadNumber       a number as a caller sent it
    └── NumberTooLong
"""

from __future__ import annotations


class NumberingError(ValueError):
    """A rule or a number breaks the grammar of RTE-01 to RTE-06."""


class PlanError(NumberingError):
    """A rule cannot be read; the message quotes it and says what was expected."""


class BadNumber(NumberingError):
    """A number holds something that can't be dialled."""


class NumberTooLong(BadNumber):
    """A number grew beyond what any network takes."""
