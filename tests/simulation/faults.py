"""Services that are away, slow or broken for a while, drawn from the seed.

A fault stands between a client and the servicer, so the service itself goes on. The worst of them
is the lost reply: the service has done its work, and the client thinks it has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Final

from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.rpc import Channel, DeadlineExceeded, Method, Unavailable
from trunkline_kernel.rpc.methods import RequestT, ResponseT

from .trace import Trace

SERVICES: Final = ("auth", "routing", "billing", "media")


class Kind(Enum):
    """How a service fails."""

    AWAY = auto()
    """Nobody answers."""
    REPLY_LOST = auto()
    """It does what it is asked, and its answer never comes."""
    SLOW = auto()
    """It takes its time before it begins."""
    SLOW_REPLY = auto()
    """It does its work at once, and the answer takes its time."""
    BROKEN = auto()
    """It answers INTERNAL."""
    LATE = auto()
    """It does its work after the client has given up, as one does that stood still."""


class Broken(TrunklineError):
    """What a broken service says."""

    fault = Fault.INTERNAL
    reason = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault of one service for a while."""

    service: str
    kind: Kind
    begins: float
    """Seconds of the loop's time."""
    ends: float
    share: float
    """Probability that a call meets it."""
    delay: float
    """Seconds, of the slow kinds."""

    def strikes(self, service: str, now: float, random: Random) -> bool:
        """Tell whether a call meets it."""
        return (
            service == self.service
            and self.begins <= now < self.ends
            and random.random() < self.share
        )


def draw_spells(random: Random, begins: float, ends: float, every: float) -> list[Spell]:
    """Return faults over a time; one begins every `every` seconds or so."""
    spells = []
    at = begins + random.expovariate(1 / every)
    while at < ends:
        spells.append(
            Spell(
                service=random.choice(SERVICES),
                kind=random.choice(list(Kind)),
                begins=at,
                ends=at + random.choice((0.5, 3.0, 10.0, 40.0)),
                share=random.choice((0.1, 0.5, 1.0)),
                delay=random.uniform(0.05, 3.0),
            )
        )
        at += random.expovariate(1 / every)
    return spells


class FaultyChannel:
    """A `Channel` to a service that has its spells."""

    def __init__(
        self, service: str, channel: Channel, spells: list[Spell], random: Random, trace: Trace
    ) -> None:
        self._service = service
        self._channel = channel
        self._spells = spells
        self._random = random
        self._trace = trace
        self._late: set[asyncio.Task[None]] = set()

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float,
        call_id: str | None = None,
    ) -> ResponseT:
        """Call a unary method, if the spell allows."""
        loop = asyncio.get_running_loop()
        spell = self._spell(loop.time())
        name = method.name.rpartition("/")[2]
        about = call_id or ""
        self._trace.note(
            loop.time(), about, f"{name} ?", request.SerializeToString(deterministic=True)
        )
        try:
            async with asyncio.timeout(timeout):
                response = await self._call(spell, method, request, timeout, call_id)
        except TimeoutError:
            self._trace.note(loop.time(), about, f"{name}: no answer")
            raise DeadlineExceeded(f"{method.name}: no answer within {timeout:g} s") from None
        except TrunklineError as error:
            self._trace.note(loop.time(), about, f"{name}: {error.fault.name} {error.message}")
            raise
        self._trace.note(loop.time(), about, f"{name}: {_outcome(response)}")
        return response

    async def stream(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float | None = None,
        call_id: str | None = None,
    ) -> AsyncIterator[ResponseT]:
        """Call a server-streaming method; it breaks while the service is away."""
        loop = asyncio.get_running_loop()
        if self._is_away(loop.time()):
            raise Unavailable(f"{self._service} is away")
        stream = self._channel.stream(method, request, timeout=timeout, call_id=call_id)
        async for response in stream:
            if self._is_away(loop.time()):
                raise Unavailable(f"{self._service} went away")
            yield response

    async def _call(
        self,
        spell: Spell | None,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float,
        call_id: str | None,
    ) -> ResponseT:
        kind = spell.kind if spell is not None else None
        if kind is Kind.AWAY:
            raise Unavailable(f"{self._service} is away")
        if kind is Kind.BROKEN:
            raise Broken(f"{self._service} is broken")
        if kind is Kind.LATE:
            self._keep(asyncio.create_task(self._work_later(method, request, timeout, call_id)))
            await asyncio.sleep(2 * timeout)
        if spell is not None and kind is Kind.SLOW:
            await asyncio.sleep(spell.delay)
        response = await self._channel.call(method, request, timeout=timeout, call_id=call_id)
        if spell is not None and kind is Kind.SLOW_REPLY:
            await asyncio.sleep(spell.delay)
        if kind is Kind.REPLY_LOST:
            raise Unavailable(f"the stream to {self._service} broke")
        return response

    async def _work_later(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float,
        call_id: str | None,
    ) -> None:
        await asyncio.sleep(timeout + self._random.uniform(0.01, 2.0))
        with suppress(TrunklineError):
            await self._channel.call(method, request, timeout=timeout, call_id=call_id)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _spell(self, now: float) -> Spell | None:
        strikes = (s for s in self._spells if s.strikes(self._service, now, self._random))
        return next(strikes, None)

    def _is_away(self, now: float) -> bool:
        return any(
            s.service == self._service and s.kind is Kind.AWAY and s.begins <= now < s.ends
            for s in self._spells
        )


def faulty(
    channels: Mapping[str, Channel], spells: list[Spell], random: Random, trace: Trace
) -> dict[str, FaultyChannel]:
    """Return the channels to all services, with their faults."""
    return {
        name: FaultyChannel(name, channel, spells, random, trace)
        for name, channel in channels.items()
    }


def _outcome(response: object) -> str:
    """Return which decision a response holds; its content is in the digest of what follows."""
    descriptor = getattr(response, "DESCRIPTOR", None)
    which = getattr(response, "WhichOneof", None)
    if descriptor is None or which is None or not descriptor.oneofs_by_name:
        return "done"
    names = [name for name in descriptor.oneofs_by_name if not name.startswith("_")]
    return ", ".join(filter(None, (which(name) for name in names))) or "done"
