"""Why a call goes nowhere, with the SIP status and the end reason of MGT-04."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class EndReason(StrEnum):
    """Call end reasons that routing decides; the words are the contract's."""

    USER_BUSY = "USER_BUSY"
    UNALLOCATED_NUMBER = "UNALLOCATED_NUMBER"
    ROUTE_NOT_FOUND = "ROUTE_NOT_FOUND"
    RATE_NOT_FOUND = "RATE_NOT_FOUND"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    NUMBER_RESTRICTED = "NUMBER_RESTRICTED"
    CAPACITY_EXCEEDED = "CAPACITY_EXCEEDED"
    FORWARD_LIMIT = "FORWARD_LIMIT"


class Refusal(NamedTuple):
    """A call that goes nowhere."""

    reason: EndReason
    sip_status: int
    explanation: str


def unknown_caller(who: object) -> Refusal:
    """Refuse one who calls in but isn't configured here."""
    return Refusal(EndReason.AUTHENTICATION_FAILED, 403, f"{who} is not configured in routing")


def locked(who: object) -> Refusal:
    """Refuse a locked gateway or phone (0.8)."""
    return Refusal(EndReason.ACCOUNT_DISABLED, 403, f"{who} is locked")


def bad_number(explanation: str) -> Refusal:
    """Refuse a number that is empty or that nobody could dial."""
    return Refusal(EndReason.UNALLOCATED_NUMBER, 484, explanation)


def restricted(explanation: str) -> Refusal:
    """Refuse what a number check objects to (RTE-25)."""
    return Refusal(EndReason.NUMBER_RESTRICTED, 403, explanation)


def full(explanation: str) -> Refusal:
    """Refuse for want of a seat."""
    return Refusal(EndReason.CAPACITY_EXCEEDED, 503, explanation)


def no_route(explanation: str) -> Refusal:
    """Refuse because nothing serves the number."""
    return Refusal(EndReason.ROUTE_NOT_FOUND, 503, explanation)


def no_rate(explanation: str) -> Refusal:
    """Refuse because every gateway that serves the number lacks a rate (RTE-15)."""
    return Refusal(EndReason.RATE_NOT_FOUND, 503, explanation)


def forward_limit(explanation: str) -> Refusal:
    """Refuse a call that was passed on too often (SIG-22)."""
    return Refusal(EndReason.FORWARD_LIMIT, 482, explanation)


def busy(explanation: str) -> Refusal:
    """Refuse as a phone does that is busy or wants no calls."""
    return Refusal(EndReason.USER_BUSY, 486, explanation)
