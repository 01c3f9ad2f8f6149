"""Who may write, and the record of what was written (MGT-12).

Operators show the token of their login as `authorization: Bearer TOKEN`. Before a write its service
asks `OperatorService.Authorize`, afterwards it tells `RecordAudit` (docs/adr/0011-rights.md).
"""

import json
import urllib.parse
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from trunkline.auth.v1 import operators_pb2 as pb

from .faults import Fault, TrunklineError
from .rpc import Channel, Context, method_of

log = structlog.stdlib.get_logger(__name__)

METADATA: Final = "authorization"
BEARER: Final = "Bearer "
UNKNOWN: Final = "unknown"
"""Who wrote, where nobody had to say."""

TIMEOUT: Final = 5.0
MOST_NAME: Final = 64
MOST_OBJECT: Final = 160
MOST_JSON: Final = 100_000
"""Characters of one side of a record; what is longer is told by its length."""

SERVICE: Final = pb.DESCRIPTOR.services_by_name["OperatorService"]
AUTHORIZE: Final = method_of(
    SERVICE, "Authorize", pb.AuthorizeRequest, pb.AuthorizeResponse, idempotent=True
)
RECORD: Final = method_of(
    SERVICE, "RecordAudit", pb.RecordAuditRequest, pb.RecordAuditResponse, idempotent=True
)

Json = Any
"""What `json.dumps` takes."""

Serve = Callable[[Any, Context], Any]


class RightsUnknown(TrunklineError):
    """Whoever knows operators' rights does not answer, and nothing is written without asking."""

    fault = Fault.PERMISSION_DENIED
    reason = "RIGHTS_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody wants to do."""

    module: str
    """What rights are granted for: "rates", "gateways"."""
    objects: tuple[str, ...] = ()
    """What is written, then what that names: "Account/acme"."""
    deletes: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """What was done to one object; secrets are masked."""

    object: str
    before: Json = None
    """None where there was nothing."""
    after: Json = None
    """None where nothing is left."""


class Rights(Protocol):
    """Asked before a write, told after it."""

    async def admit(self, context: Context, actions: Iterable[Action]) -> str:
        """Return the operator who asks; empty where nobody has to say who they are.

        Raises UNAUTHENTICATED without a token that holds, PERMISSION_DENIED without the right.
        """

    async def record(self, context: Context, author: str, writes: Sequence[Write]) -> None:
        """Remember what `author` wrote. Raises nothing: it is done by now."""


class Unguarded:
    """Lets everybody write and remembers nothing."""

    async def admit(self, context: Context, actions: Iterable[Action]) -> str:
        """Admit anybody."""
        return ""

    async def record(self, context: Context, author: str, writes: Sequence[Write]) -> None:
        """Forget it."""


UNGUARDED: Final = Unguarded()


class AskedRights:
    """Asks auth, which knows the operators."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def admit(self, context: Context, actions: Iterable[Action]) -> str:
        """Ask for each module once; see `Rights`."""
        operator = ""
        token, ip = token_of(context), peer_ip(context)
        for action in _by_module(actions):
            request = pb.AuthorizeRequest(
                token=token,
                ip=ip,
                module=action.module,
                right=pb.RIGHT_DELETE if action.deletes else pb.RIGHT_WRITE,
                objects=action.objects,
            )
            try:
                answer = await self._channel.call(AUTHORIZE, request, timeout=TIMEOUT)
            except TrunklineError as error:
                if error.fault in (Fault.UNAVAILABLE, Fault.DEADLINE_EXCEEDED):
                    raise RightsUnknown("auth does not answer who may do that") from error
                raise
            operator = answer.operator
        return operator

    async def record(self, context: Context, author: str, writes: Sequence[Write]) -> None:
        """Tell auth; what it does not hear goes to the log."""
        ip = peer_ip(context)
        records = [
            pb.AuditRecord(
                operator=(author or UNKNOWN)[:MOST_NAME],
                ip=ip,
                object=write.object[:MOST_OBJECT],
                before_json=_spell(write.before),
                after_json=_spell(write.after),
            )
            for write in writes
        ]
        if not records:
            return
        request = pb.RecordAuditRequest(request_id=uuid.uuid4().hex, records=records)
        try:
            await self._channel.call(RECORD, request, timeout=TIMEOUT)
        except TrunklineError as error:
            for write in writes:
                log.error(
                    "a write is missing in the audit",
                    operator=author or UNKNOWN,
                    ip=ip,
                    object=write.object,
                    problem=error.message,
                )


Rule = Callable[[Any], Action | None]
"""Says what a request would do; None for one that writes nothing, like a dry run."""


def guarded(rights: Rights, rule: Rule) -> Callable[[Serve], Serve]:
    """Return what puts `rights` around a servicer's method; the record holds the request.

    A request's field `author` becomes the operator.
    """

    def around(serve: Serve) -> Serve:
        async def served(request: Any, context: Context) -> Any:
            action = rule(request)
            if action is None:
                return await serve(request, context)
            author = await _admit(rights, action, request, context)
            response = await serve(request, context)
            await _record(rights, action, author, request, context)
            return response

        return served

    return around


def guarded_stream(rights: Rights, rule: Rule) -> Callable[[Serve], Serve]:
    """Return what `guarded` does, for a stream whose message is the request, or holds it in a
    field `request`; it is done when the stream is at its end."""

    def around(serve: Serve) -> Serve:
        async def served(message: Any, context: Context) -> AsyncIterator[Any]:
            action, request = rule(message), getattr(message, "request", message)
            author = await _admit(rights, action, request, context) if action else ""
            async with aclosing(serve(message, context)) as responses:
                async for response in responses:
                    yield response
            if action:
                await _record(rights, action, author, request, context)

        return served

    return around


async def _admit(rights: Rights, action: Action, request: Any, context: Context) -> str:
    """Return on whose account a request is answered."""
    operator = await rights.admit(context, [action])
    if operator and "author" in request.DESCRIPTOR.fields_by_name:
        request.author = operator
    return operator or getattr(request, "author", "")


async def _record(
    rights: Rights, action: Action, author: str, request: Any, context: Context
) -> None:
    after = None if action.deletes else _request_json(request)
    await rights.record(context, author, [Write(action.objects[0], after=after)])


def token_of(context: Context) -> str:
    """Return the token a caller shows; empty for none."""
    for key, value in context.invocation_metadata() or ():
        if key == METADATA and isinstance(value, str) and value.startswith(BEARER):
            return value.removeprefix(BEARER)
    return ""


def peer_ip(context: Context) -> str:
    """Return the address a caller comes from; that of this machine for one without a socket."""
    kind, _, rest = urllib.parse.unquote(context.peer()).partition(":")
    if kind == "ipv4":
        return rest.rpartition(":")[0]
    if kind == "ipv6":
        return rest.rpartition(":")[0].strip("[]").partition("%")[0]
    return "127.0.0.1"


def _by_module(actions: Iterable[Action]) -> list[Action]:
    merged: dict[tuple[str, bool], dict[str, None]] = {}
    for action in actions:
        found = merged.setdefault((action.module, action.deletes), {})
        found.update(dict.fromkeys(action.objects))
    return [Action(module, tuple(found), deletes) for (module, deletes), found in merged.items()]


def _request_json(request: Message) -> object:
    """Describe a request that has been answered, of files only the size."""
    sizes = {}
    for field, value in request.ListFields():
        if field.type == field.TYPE_BYTES:
            sizes[field.json_name] = f"{len(value)} bytes"
            request.ClearField(field.name)
    return MessageToDict(request) | sizes


def _spell(value: object) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_JSON else json.dumps({"characters": len(text)})
