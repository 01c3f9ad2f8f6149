"""The one client interface, whatever carries the call."""

from collections.abc import AsyncIterator
from typing import Final, Protocol

from ..faults import Fault, TrunklineError
from .methods import Method, RequestT, ResponseT

MAX_ATTEMPTS: Final = 3
"""How often a call that is safe to repeat is tried, the first time included."""


class Channel(Protocol):
    """A way to call the methods of one service."""

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float,
        call_id: str | None = None,
    ) -> ResponseT:
        """Call a unary method. `timeout` is in seconds, over all attempts.

        `call_id` is for logs; unset, it is that of the present context. Raises `TrunklineError`:
        `RemoteError` with what the service said, `Unavailable` when nobody can be reached, fault
        DEADLINE_EXCEEDED when time ran out.
        """

    def stream(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float | None = None,
        call_id: str | None = None,
    ) -> AsyncIterator[ResponseT]:
        """Call a server-streaming method. Without `timeout` it lasts until either side ends it.

        Never repeated. Raises as `call` does, from the iteration.
        """


class Unavailable(TrunklineError):
    """No replica of the service can be reached now."""

    fault = Fault.UNAVAILABLE
    reason = "UNAVAILABLE"
