"""Bindings of terminals and the rules they obey. No I/O, no clock."""

from .bindings import Binding, Bindings
from .contacts import ContactUri
from .reachability import checked, first_check
from .rules import (
    MIN_EXPIRES,
    Bind,
    Keep,
    Refuse,
    RefusedFor,
    Registration,
    RequestedContact,
    Ruling,
    Unbind,
    rule,
)

__all__ = [
    "MIN_EXPIRES",
    "Bind",
    "Binding",
    "Bindings",
    "ContactUri",
    "Keep",
    "Refuse",
    "RefusedFor",
    "Registration",
    "RequestedContact",
    "Ruling",
    "Unbind",
    "checked",
    "first_check",
    "rule",
]
