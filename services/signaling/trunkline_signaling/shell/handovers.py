"""Where the other instances are, and tickets for what one hands over to another (ADR 16)."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple, Protocol

from trunkline_kernel.shared_state import SharedState

from ..calls.owner import mark_of
from ..calls.parties import Endpoint, EndpointKind
from ..sip.flow import Address
from .ownership import PREFIX

TICKET: Final = "Trunkline-Ticket"
"""Header field of an INVITE between two instances: it proves that it comes from one."""

INTERVAL: Final = 10.0
"""Seconds between two announcements of where we are."""
PRESENCE: Final = 30_000
"""Milliseconds for which an announcement holds."""
TICKET_LIFE: Final = 32_000
"""Milliseconds for which an INVITE may be repeated: 64*T1."""


@dataclass(frozen=True, slots=True)
class Handover:
    """An INVITE of another instance that takes the place of a phone's leg."""

    phone: Endpoint
    """Whose leg it is, and who asked for the transfer."""
    sip_call_id: str
    """Call-ID of the INVITE."""


class Offered(NamedTuple):
    """Where to send the INVITE, and what makes it welcome there."""

    address: Address
    ticket: str


class Handovers(Protocol):
    """What instances know of each other."""

    async def offer(self, mark: str, handover: Handover) -> Offered | None:
        """Announce an INVITE to the instance of a mark; None where none is known."""

    async def take(self, ticket: str) -> Handover | None:
        """Return what a ticket is for, once; None for any that we have not given."""


class NoOthers:
    """There is one instance."""

    async def offer(self, mark: str, handover: Handover) -> Offered | None:
        """There is nobody to take it."""
        return None

    async def take(self, ticket: str) -> Handover | None:
        """There is nobody to have given it."""
        return None


class RedisHandovers:
    """Addresses and tickets in Redis. While it is away nothing is handed over."""

    def __init__(self, store: SharedState, instance: str, address: Address) -> None:
        """`address` is where other instances reach our SIP over UDP."""
        self._store = store
        self._mark = mark_of(instance)
        self._address = address

    async def run(self) -> None:
        """Tell where we are, until cancelled."""
        while True:
            await self.announce()
            await asyncio.sleep(INTERVAL)

    async def announce(self) -> None:
        """Tell once."""

        async def announce(client: Any) -> None:
            await client.set(_of_instance(self._mark), json.dumps(self._address), px=PRESENCE)

        await self._store.run(announce, _nothing)

    async def offer(self, mark: str, handover: Handover) -> Offered | None:
        """Look the instance up and leave a ticket for it."""
        ticket = secrets.token_hex(16)

        async def offer(client: Any) -> Offered | None:
            found = await client.get(_of_instance(mark))
            if found is None:
                return None
            await client.set(_of_ticket(ticket), json.dumps(asdict(handover)), px=TICKET_LIFE)
            host, port = json.loads(found)
            return Offered((host, port), ticket)

        return await self._store.run(offer, _nothing)

    async def take(self, ticket: str) -> Handover | None:
        """Take the ticket out."""

        async def take(client: Any) -> Handover | None:
            found = await client.getdel(_of_ticket(ticket))
            return None if found is None else _handover(json.loads(found))

        return await self._store.run(take, _nothing)


def _handover(fields: dict[str, Any]) -> Handover:
    phone = fields["phone"]
    return Handover(Endpoint(EndpointKind(phone["kind"]), phone["name"]), fields["sip_call_id"])


def _of_instance(mark: str) -> str:
    return f"{PREFIX}sip:{mark}"


def _of_ticket(ticket: str) -> str:
    return f"{PREFIX}ticket:{ticket}"


async def _nothing() -> None:
    return None
