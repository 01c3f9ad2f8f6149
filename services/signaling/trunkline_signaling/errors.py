"""What signaling tells callers of its gRPC service.

TrunklineError
├── UnknownCall     no such call is in progress here
├── UnknownTarget   nothing is known, or can be found, by that name
├── TooSoon         the target was tested just now, or enough tests run
└── BadRequest      the request cannot be meant
"""

from trunkline_kernel.faults import Fault, InvalidArgument, NotFound, TrunklineError


class UnknownCall(NotFound):
    """No such call is in progress on this instance."""

    reason = "UNKNOWN_CALL"


class UnknownTarget(NotFound):
    """Nothing is known, or can be found, by that name."""

    reason = "UNKNOWN_TARGET"


class TooSoon(TrunklineError):
    """The target was tested just now, or as many tests run as may."""

    fault = Fault.RESOURCE_EXHAUSTED
    reason = "TOO_SOON"


class BadRequest(InvalidArgument):
    """The request cannot be meant."""

    reason = "BAD_REQUEST"
