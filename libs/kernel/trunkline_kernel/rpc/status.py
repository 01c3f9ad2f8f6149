"""Errors on the wire: `TrunklineError` to gRPC status with google.rpc details, and back.

The same bytes travel in "grpc-status-details-bin" of a unary call and in a multiplexed reply, so
both paths fail alike.
"""

from typing import Final, NamedTuple

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from ..faults import Fault, FieldViolation, RemoteError, TrunklineError

DETAILS_KEY: Final = "grpc-status-details-bin"
"""Trailing metadata that gRPC libraries of every language read details from."""

DOMAIN: Final = "trunkline"

OK: Final = 0


class Reply(NamedTuple):
    """The end of one call, before it goes on a wire."""

    code: int
    response: bytes = b""
    message: str = ""
    details: bytes = b""


def reply_of(error: TrunklineError) -> Reply:
    """Return the reply that tells a caller of `error`."""
    return Reply(int(error.fault), b"", error.message, encode_details(error))


def encode_details(error: TrunklineError) -> bytes:
    """Serialize a google.rpc.Status with the reason and the wrong fields."""
    status = Status(code=int(error.fault), message=error.message)
    status.details.add().Pack(
        ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    )
    if error.violations:
        bad = BadRequest()
        for violation in error.violations:
            bad.field_violations.add(field=violation.field, description=violation.description)
        status.details.add().Pack(bad)
    return bytes(status.SerializeToString())


def error_of(code: int, message: str, details: bytes) -> RemoteError:
    """Return the error that a reply tells of. Details that cannot be read are left out."""
    info, bad = ErrorInfo(), BadRequest()
    try:
        for detail in Status.FromString(details).details:
            _ = detail.Unpack(info) or detail.Unpack(bad)
    except DecodeError:
        info, bad = ErrorInfo(), BadRequest()
    return RemoteError(
        _fault(code),
        message,
        reason=info.reason,
        violations=[FieldViolation(v.field, v.description) for v in bad.field_violations],
        metadata=dict(info.metadata),
    )


def _fault(code: int) -> Fault:
    try:
        return Fault(code)
    except ValueError:
        return Fault.UNKNOWN
