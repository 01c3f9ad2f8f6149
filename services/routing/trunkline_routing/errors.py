"""What can go wrong in routing beyond a call that simply has no way.

TrunklineError
└── RoutingError
    ├── UnknownCall     nothing is remembered of the call
    └── BadCall         the request can't be read
"""

from __future__ import annotations

from trunkline_kernel.faults import Fault, TrunklineError


class RoutingError(TrunklineError):
    """Routing can't answer."""


class UnknownCall(RoutingError):
    """The call was never routed here, or is over."""

    fault = Fault.NOT_FOUND
    reason = "UNKNOWN_CALL"


class BadCall(RoutingError):
    """A required field of the call is missing or unreadable."""

    fault = Fault.INVALID_ARGUMENT
    reason = "BAD_CALL"


class BadImport(RoutingError):
    """Rows can't be imported: no such kind of table, or no text to be read."""

    fault = Fault.INVALID_ARGUMENT
    reason = "BAD_IMPORT"
