"""RPC methods as values: name, message types, and whether a repeat is safe."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)

REPEATABLE: Final = (MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT)


@dataclass(frozen=True, slots=True, eq=False)
class Method(Generic[RequestT, ResponseT]):
    """One RPC. Made once, at import, by `method_of`."""

    name: str
    """Full name: "/trunkline.auth.v1.AuthService/Admit"."""
    request: type[RequestT]
    response: type[ResponseT]
    idempotent: bool
    """Whether a call that may have had its effect can be repeated."""
    server_streaming: bool


def method_of(
    service: ServiceDescriptor,
    name: str,
    request: type[RequestT],
    response: type[ResponseT],
    *,
    idempotent: bool | None = None,
) -> Method[RequestT, ResponseT]:
    """Describe method `name` of a generated service.

    Without `idempotent`, the proto's option `idempotency_level` decides. Raises `KeyError` for an
    unknown method and `TypeError` for other message types than the contract's.
    """
    descriptor = service.methods_by_name[name]
    for given, expected in (
        (request, descriptor.input_type),
        (response, descriptor.output_type),
    ):
        if given.DESCRIPTOR.full_name != expected.full_name:
            raise TypeError(f"{descriptor.full_name} takes {expected.full_name}, not {given}")
    if idempotent is None:
        idempotent = descriptor.GetOptions().idempotency_level in REPEATABLE
    return Method(
        name=f"/{service.full_name}/{name}",
        request=request,
        response=response,
        idempotent=idempotent,
        server_streaming=descriptor.server_streaming,
    )
