"""What an endpoint does with a call that comes in."""

import asyncio
from collections.abc import Awaitable, Callable

from .calls import TakenCall

Behaviour = Callable[[TakenCall], Awaitable[None]]


def refusing(status: int, **headers: str) -> Behaviour:
    """Refuse every call; `Retry_After="5"` adds a header."""

    async def behave(call: TakenCall) -> None:
        call.refuse(status, **headers)

    return behave


def answering(ring: float = 0.0, early_media: bool = False, talk: float | None = None) -> Behaviour:
    """Ring for `ring` seconds, answer, and hang up after `talk` seconds if that is given."""

    async def behave(call: TakenCall) -> None:
        call.ring(183 if early_media else 180, early_media)
        await asyncio.sleep(ring)
        if call.has_ended:
            return
        call.answer()
        if talk is not None:
            await asyncio.sleep(talk)
            if not call.has_ended:
                await call.hang_up()

    return behave


def ringing() -> Behaviour:
    """Ring and never answer."""

    async def behave(call: TakenCall) -> None:
        call.ring()

    return behave
