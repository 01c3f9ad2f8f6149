"""What signaling tells callers of its gRPC service.

TrunklineError
├── UnknownCall     no such call is in progress here
└── BadRequest      the request cannot be meant
"""

from trunkline_kernel.faults import InvalidArgument, NotFound


class UnknownCall(NotFound):
    """No such call is in progress on this instance."""

    reason = "UNKNOWN_CALL"


class BadRequest(InvalidArgument):
    """The request cannot be meant."""

    reason = "BAD_REQUEST"
