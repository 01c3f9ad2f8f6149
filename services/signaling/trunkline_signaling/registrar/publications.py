"""What gateways say of themselves by PUBLISH: how many calls they can take (SIG-14, RFC 3903)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from ..calls.parties import Endpoint, EndpointKind
from ..calls.services import GatewayReport
from ..sip.errors import MalformedValue
from ..sip.fields import parse_delta_seconds
from ..sip.message import Request, Response
from .entity_tags import EntityTags, Tagged
from .gateways import Gateway

SHORTEST: Final = 30
LONGEST: Final = 7200
"""Seconds a publication may be asked to hold."""
TICK: Final = 0.001
"""Seconds by which a publication is later than the one it follows, whatever the clocks say."""
MOST_CALLS: Final = 1_000_000
JSON: Final = "application/json"
TEXT: Final = "text/plain"

_TEXT_BODY: Final = re.compile(r"\s*capacity\s*=\s*([0-9]{1,9})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Published:
    calls: int | None
    """None: it took back what it had published."""
    issued: float
    expires: float


class Publications:
    """What holds now, one publication a gateway: a new one takes the place of the one before.

    A tag of another instance, or of our life before, refreshes and changes as one of ours does.
    What another instance heard later holds instead of what we heard: routing goes by the time.
    `put` and `remove` follow the configuration.
    """

    def __init__(self, random: Random) -> None:
        self.life = 300
        """SS_SIP_PUBLISH_EXPIRE: seconds a publication holds that names none. May be replaced."""
        self.changed: Callable[[], None] = lambda: None
        """Called when something else is published. May be replaced."""
        self.tags = EntityTags(random.randbytes(32))
        """Tags of this process only. May be replaced by those that others read, too."""
        self._random = random
        self._gateways: dict[str, Gateway] = {}
        self._published: dict[str, _Published] = {}

    def put(self, gateway: Gateway) -> None:
        """Know a gateway; one that may not publish any more is held to nothing it said."""
        self._gateways[gateway.name] = gateway
        if not gateway.allow_publish:
            self._published.pop(gateway.name, None)

    def remove(self, name: str) -> None:
        """Forget a gateway."""
        self._gateways.pop(name, None)
        self._published.pop(name, None)

    def reports(self, now: float) -> Iterator[GatewayReport]:
        """Yield what gateways said last, as long as it would hold."""
        for name, said in self._published.items():
            if said.expires > now:
                yield GatewayReport(name, published=said.calls, publish_time=said.issued)

    def take(self, request: Request, sender: Endpoint | None, source: str, now: float) -> Response:
        """Return the answer to a PUBLISH of a known `sender` from the IP address `source`."""
        gateway = self._gateway(sender, source)
        if gateway is None or not gateway.allow_publish:
            return _answer(request, 403)
        try:
            response = self._publish(request, gateway, now)
        except MalformedValue:
            return _answer(request, 400)
        self.changed()
        return response

    def _gateway(self, sender: Endpoint | None, source: str) -> Gateway | None:
        """Return whose it is: a customer's address may be that of a vendor, too."""
        if sender is not None and sender.kind is EndpointKind.ROUTING_GATEWAY:
            return self._gateways.get(sender.name)
        for gateway in self._gateways.values():
            if any(target.host == source for target in gateway.targets):
                return gateway
        return None

    def _publish(self, request: Request, gateway: Gateway, now: float) -> Response:
        headers = request.headers
        life = headers.parse("Expires", parse_delta_seconds)
        life = self.life if life is None else min(life, LONGEST)
        if 0 < life < SHORTEST:
            return _answer(request, 423, ("Min-Expires", SHORTEST))
        tag = headers.get("SIP-If-Match")
        tagged = None if tag is None else self._current(gateway.name, tag.strip(), now)
        if tag is not None and tagged is None:
            return _answer(request, 412)
        issued = now if tagged is None else max(now, tagged.issued + TICK)
        if life == 0:
            until = now + LONGEST if tagged is None else tagged.expires
            self._published[gateway.name] = _Published(None, issued, until)
            return _answer(request, 200, ("Expires", 0))
        if request.body:
            calls = _capacity_in(request)
            if calls is None:
                return _answer(request, 415, ("Accept", f"{JSON}, {TEXT}"))
        elif tagged is not None:
            calls = tagged.calls  # a refresh (RFC 3903 section 4.3)
        else:
            return _answer(request, 400)
        calls = min(calls, MOST_CALLS if gateway.capacity is None else gateway.capacity)
        return self._store(request, gateway.name, Tagged(calls, issued, now + life), life)

    def _store(self, request: Request, name: str, said: Tagged, life: int) -> Response:
        self._published[name] = _Published(said.calls, said.issued, said.expires)
        tag = self.tags.make(name, said, self._random)
        return _answer(request, 200, ("SIP-ETag", tag), ("Expires", life))

    def _current(self, name: str, tag: str, now: float) -> Tagged | None:
        """Return what a tag says that still holds and that nothing heard here came after."""
        tagged = self.tags.read(name, tag)
        if tagged is None or tagged.expires <= now:
            return None
        heard = self._published.get(name)
        if heard is not None and round((heard.issued - tagged.issued) * 1000) >= 1:
            return None
        return tagged


def _capacity_in(request: Request) -> int | None:
    """Return the number of calls in a body; None for a type nobody reads here.

    Raises `MalformedValue` for a body that names none.
    """
    content_type = request.headers.content_type
    essence = content_type.essence if content_type is not None else TEXT
    text = request.body.decode("utf-8", "replace")
    if essence == JSON:
        return _capacity_in_json(text)
    if essence != TEXT:
        return None
    match = _TEXT_BODY.fullmatch(text)
    if match is None:
        raise MalformedValue("capacity=n", text)
    return int(match[1])


def _capacity_in_json(text: str) -> int:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    calls = said.get("capacity") if isinstance(said, dict) else None
    if not isinstance(calls, int) or isinstance(calls, bool) or calls < 0:
        raise MalformedValue('{"capacity": n}', text)
    return calls


def _answer(request: Request, status: int, *headers: tuple[str, object]) -> Response:
    response = request.reply(status, to_tag="outside")
    for name, value in headers:
        response.headers.set(name, value)
    return response
