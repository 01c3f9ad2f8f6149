"""trunkline.auth.v1.OperatorService: decode, ask the domain, encode."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from trunkline.auth.v1 import operators_pb2 as pb
from trunkline.auth.v1.operators_pb2_grpc import OperatorServiceServicer
from trunkline_kernel.rights import peer_ip
from trunkline_kernel.rpc import Context

from ..errors import InvalidAddress, LoginDisabled, NotAllowed, NotLoggedIn
from ..identity import IPAddress, parse_ip
from ..operators.authority import Listed, OperatorType, Right
from ..operators.logins import LoginRefusal, LoginRefused, Logins, Request, is_granted
from ..store.audit import AuditRecord, AuditStore
from .decode import invalid, page_size

MAX_REQUEST_ID: Final = 56
_SAME_TEXT: Final = "name or password is wrong"

_RIGHTS: Final = {
    pb.RIGHT_READ: Right.READ,
    pb.RIGHT_WRITE: Right.WRITE,
    pb.RIGHT_DELETE: Right.DELETE,
}
_TYPES: Final = {
    OperatorType.ADMIN: pb.OPERATOR_TYPE_ADMIN,
    OperatorType.OPERATOR: pb.OPERATOR_TYPE_OPERATOR,
    OperatorType.AGENT: pb.OPERATOR_TYPE_AGENT,
}


class OperatorServicer(OperatorServiceServicer):
    """Answers consoles and web interfaces."""

    def __init__(
        self,
        logins: Logins,
        audit: AuditStore,
        generate_password: Callable[[], str],
        clock: Callable[[], datetime],
        guarded: Callable[[], bool],
    ) -> None:
        """`guarded` says whether whoever shows no token is turned away."""
        self._logins = logins
        self._audit = audit
        self._generate_password = generate_password
        self._clock = clock
        self._guarded = guarded

    async def Login(self, request: pb.LoginRequest, context: Context) -> pb.LoginResponse:
        login = await self._logins.login(
            request.name, request.password, _ip(request.ip or peer_ip(context)), self._clock()
        )
        if isinstance(login, LoginRefused):
            disabled = login.reason is LoginRefusal.DISABLED
            raise (LoginDisabled if disabled else NotLoggedIn)(_SAME_TEXT)
        response = pb.LoginResponse(token=login.token, type=_TYPES[login.operator.type])
        response.expire_time.FromDatetime(login.expires)
        return response

    async def Authorize(
        self, request: pb.AuthorizeRequest, context: Context
    ) -> pb.AuthorizeResponse:
        ip, all_wanted = _ip(request.ip), _wanted(request)
        if not request.token and not self._guarded():
            return pb.AuthorizeResponse()
        operator = self._logins.operator(request.token, ip, self._clock())
        if operator is None:
            raise NotLoggedIn("log in again" if request.token else "log in first")
        for wanted in all_wanted:
            if not is_granted(operator, wanted):
                raise NotAllowed(f"{operator.name} may not {_spell(wanted)}")
        return pb.AuthorizeResponse(operator=operator.name)

    async def UnlockOperator(
        self, request: pb.UnlockOperatorRequest, context: Context
    ) -> pb.UnlockOperatorResponse:
        was_locked = await self._logins.unlock(request.name, self._clock())
        return pb.UnlockOperatorResponse(was_locked=was_locked)

    async def GeneratePassword(
        self, request: pb.GeneratePasswordRequest, context: Context
    ) -> pb.GeneratePasswordResponse:
        return pb.GeneratePasswordResponse(password=self._generate_password())

    async def RecordAudit(
        self, request: pb.RecordAuditRequest, context: Context
    ) -> pb.RecordAuditResponse:
        if not 1 <= len(request.request_id) <= MAX_REQUEST_ID:
            raise invalid("request_id", f"expected 1 to {MAX_REQUEST_ID} characters")
        now = self._clock()
        await self._audit.add(request.request_id, [_kept(each, now) for each in _given(request)])
        return pb.RecordAuditResponse()

    async def ListAudit(
        self, request: pb.ListAuditRequest, context: Context
    ) -> pb.ListAuditResponse:
        size = page_size(request.page_size)
        before = _before(request.page_token)
        page = await self._audit.page(request.operator, request.object, size, before)
        return pb.ListAuditResponse(
            records=[_record(each) for _, each in page],
            next_page_token=str(page[-1][0]) if len(page) == size else "",
        )


def _wanted(request: pb.AuthorizeRequest) -> list[Request]:
    right = _RIGHTS.get(request.right)
    if not request.module:
        raise invalid("module", "expected the name of a module")
    if right is None:
        raise invalid("right", "expected read, write or delete")
    named = [(Listed.ACCOUNT, request.account), (Listed.RATE_GROUP, request.rate_group)]
    split = (each.partition("/") for each in request.objects)
    named += [(Listed(kind), name) for kind, _, name in split if kind in set(Listed)]
    return [Request(request.module, right)] + [
        Request(request.module, right, kind, name) for kind, name in named if name
    ]


def _given(request: pb.RecordAuditRequest) -> list[pb.AuditRecord]:
    first = [request.record] if request.HasField("record") or not request.records else []
    records = [*first, *request.records]
    for record in records:
        for field in ("operator", "object"):
            if not getattr(record, field):
                raise invalid(f"record.{field}", "expected a name")
    return records


def _kept(record: pb.AuditRecord, now: datetime) -> AuditRecord:
    return AuditRecord(
        record.operator, record.ip, record.object, record.before_json, record.after_json, now
    )


def _spell(request: Request) -> str:
    target = f" {request.kind}/{request.name}" if request.kind else ""
    return f"{request.right.name.lower()}{target} in {request.module}"


def _ip(text: str) -> IPAddress:
    try:
        return parse_ip(text)
    except InvalidAddress as error:
        raise invalid("ip", error.message) from None


def _before(token: str) -> int | None:
    if token and not (token.isascii() and token.isdigit()):
        raise invalid("page_token", "expected the token of the page before")
    return int(token) if token else None


def _record(record: AuditRecord) -> pb.AuditRecord:
    message = pb.AuditRecord(
        operator=record.operator,
        ip=record.ip,
        object=record.object,
        before_json=record.before_json,
        after_json=record.after_json,
    )
    message.record_time.FromDatetime(record.at)
    return message
