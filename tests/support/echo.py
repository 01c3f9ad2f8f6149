"""A service whose behaviour its request chooses, to compare the ways a call can travel."""

import asyncio
from collections.abc import AsyncIterator

from trunkline.common.v1.parameters_pb2 import (
    DESCRIPTOR,
    GetParameterRequest,
    GetParameterResponse,
    Parameter,
    SetParametersRequest,
    SetParametersResponse,
    WatchParametersRequest,
    WatchParametersResponse,
)
from trunkline.common.v1.parameters_pb2_grpc import ParametersServiceServicer
from trunkline_kernel.faults import Fault, FieldViolation, TrunklineError
from trunkline_kernel.logs import CALL_ID
from trunkline_kernel.rpc import Context, method_of

SERVICE = DESCRIPTOR.services_by_name["ParametersService"]

ECHO = method_of(
    SERVICE, "GetParameter", GetParameterRequest, GetParameterResponse, idempotent=True
)
BOOK = method_of(SERVICE, "SetParameters", SetParametersRequest, SetParametersResponse)
COUNT = method_of(SERVICE, "WatchParameters", WatchParametersRequest, WatchParametersResponse)


class EchoError(TrunklineError):
    """What the request asked for."""

    def __init__(self, fault: Fault, reason: str, message: str, fields: list[str]) -> None:
        self.fault = fault
        self.reason = reason
        super().__init__(
            message,
            violations=[FieldViolation(field, "is wrong") for field in fields],
            metadata={"asked": "yes"},
        )


class Panic(BaseException):
    """Stands for PyO3's PanicException, which is no `Exception` either."""


class EchoServicer(ParametersServiceServicer):
    """Echoes names, but for some.

    "wait" waits for the gate, "yield" for one turn of the loop, "bug" crashes, "panic" as Rust
    does, "call" tells the call's id, and "fail:<code>:<reason>:<message>:<field,...>" fails.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.booked = 0
        self.cancelled = 0
        self.gate = asyncio.Event()

    async def GetParameter(
        self, request: GetParameterRequest, context: Context
    ) -> GetParameterResponse:
        self.asked += 1
        kind, _, rest = request.name.partition(":")
        match kind:
            case "wait":
                await self._wait()
            case "yield":
                await asyncio.sleep(0)
            case "bug":
                raise RuntimeError("password=hunter2")
            case "panic":
                raise Panic("password=hunter2")
            case "call":
                return _parameter(CALL_ID.get())
            case "fail":
                code, reason, message, fields = rest.split(":", 3)
                raise EchoError(
                    Fault(int(code)), reason, message, fields.split(",") if fields else []
                )
        return _parameter(request.name)

    async def SetParameters(
        self, request: SetParametersRequest, context: Context
    ) -> SetParametersResponse:
        self.booked += 1
        await self._wait()
        return SetParametersResponse()

    async def WatchParameters(
        self, request: WatchParametersRequest, context: Context
    ) -> AsyncIterator[WatchParametersResponse]:
        for name in request.names:
            if name == "fail":
                raise EchoError(Fault.NOT_FOUND, "GONE", "gone", ["names"])
            yield WatchParametersResponse(parameters=[Parameter(name=name)])

    async def _wait(self) -> None:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def _parameter(name: str) -> GetParameterResponse:
    return GetParameterResponse(parameter=Parameter(name=name))
