"""trunkline.auth.v1.AuthService: decode, ask the domain, encode."""

from collections.abc import Callable
from datetime import datetime

from trunkline.auth.v1 import auth_pb2
from trunkline.auth.v1.auth_pb2_grpc import AuthServiceServicer
from trunkline_kernel.rpc import Context

from ..admission.doors import Doors, SharedState
from ..errors import NoBinding, NoSuspension
from ..observation import Observation
from ..registrations import Binding
from . import decode, encode


class AuthServicer(AuthServiceServicer):
    """Answers signaling and operators."""

    def __init__(
        self,
        doors: Doors,
        state: SharedState,
        observation: Observation,
        clock: Callable[[], datetime],
        screens: Callable[[], bool] = lambda: False,
    ) -> None:
        """`screens` says whether any list or detector could stop a call."""
        self._doors = doors
        self._state = state
        self._observation = observation
        self._clock = clock
        self._screens = screens

    async def Admit(
        self, request: auth_pb2.AdmitRequest, context: Context
    ) -> auth_pb2.AdmitResponse:
        asked = decode.sip_request(request)
        decision = await self._doors.admitter.admit(asked, self._clock())
        self._observation.admitted(asked, decision)
        return encode.admit_response(decision, self._screens())

    async def Register(
        self, request: auth_pb2.RegisterRequest, context: Context
    ) -> auth_pb2.RegisterResponse:
        asked = decode.register_request(request)
        outcome = await self._doors.registrar.register(asked, self._clock())
        self._observation.registered(asked.request, outcome)
        return encode.register_response(outcome)

    async def Locate(
        self, request: auth_pb2.LocateRequest, context: Context
    ) -> auth_pb2.LocateResponse:
        endpoint = decode.endpoint_id(request.endpoint)
        found = await self._doors.registrar.locate(endpoint, self._clock())
        return auth_pb2.LocateResponse(bindings=[encode.binding(found)] if found else [])

    async def ListDueChecks(
        self, request: auth_pb2.ListDueChecksRequest, context: Context
    ) -> auth_pb2.ListDueChecksResponse:
        size = decode.page_size(request.page_size)
        due = await self._doors.registrar.due_checks(
            request.signaling_instance, size, self._clock()
        )
        response = auth_pb2.ListDueChecksResponse(bindings=map(encode.binding, due))
        response.interval_duration.FromTimedelta(self._doors.registrar.check_interval)
        return response

    async def ReportChecks(
        self, request: auth_pb2.ReportChecksRequest, context: Context
    ) -> auth_pb2.ReportChecksResponse:
        for outcome in [decode.check_outcome(each) for each in request.outcomes]:
            await self._doors.registrar.report_check(outcome, self._clock())
        return auth_pb2.ReportChecksResponse()

    async def ListRegistrations(
        self, request: auth_pb2.ListRegistrationsRequest, context: Context
    ) -> auth_pb2.ListRegistrationsResponse:
        size = decode.page_size(request.page_size)
        after = decode.page_token(request.page_token)
        page = await self._state.bindings.page(after, size, self._clock())
        return auth_pb2.ListRegistrationsResponse(
            bindings=[encode.binding(each) for each in page if _is_asked_for(each, request)],
            next_page_token=encode.page_token(page[-1].endpoint) if len(page) == size else "",
        )

    async def RemoveRegistration(
        self, request: auth_pb2.RemoveRegistrationRequest, context: Context
    ) -> auth_pb2.RemoveRegistrationResponse:
        endpoint = decode.endpoint_id(request.endpoint)
        if await self._doors.registrar.remove(endpoint) is None:
            raise NoBinding(f"{endpoint} is not registered")
        return auth_pb2.RemoveRegistrationResponse()

    async def ListSuspensions(
        self, request: auth_pb2.ListSuspensionsRequest, context: Context
    ) -> auth_pb2.ListSuspensionsResponse:
        found = await self._state.failures.suspensions(self._clock())
        return auth_pb2.ListSuspensionsResponse(
            suspensions=[encode.suspension(each) for each in found]
        )

    async def LiftSuspension(
        self, request: auth_pb2.LiftSuspensionRequest, context: Context
    ) -> auth_pb2.LiftSuspensionResponse:
        lifted = await self._state.failures.lift(request.identity, request.ip, self._clock())
        if not lifted:
            raise NoSuspension(f"{request.identity!r} is not suspended")
        return auth_pb2.LiftSuspensionResponse(lifted=lifted)


def _is_asked_for(binding: Binding, request: auth_pb2.ListRegistrationsRequest) -> bool:
    if request.behind_nat and not binding.behind_nat:
        return False
    return request.signaling_instance in ("", binding.signaling_instance)
