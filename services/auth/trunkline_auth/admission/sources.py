"""Recognises a request's source without credentials (AUT-05, match order 1 to 3; AUT-01, known)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from ..identity import AreaMap, BindingTrust, Directory, Endpoint, EndpointKind, Match
from ..registrations.bindings import Binding, Bindings
from .decisions import AdmittedBy, Allow
from .requests import SipRequest

_BY: Final = {
    Match.ADDRESS: AdmittedBy.ADDRESS,
    Match.ADDRESS_AND_PORT: AdmittedBy.ADDRESS_AND_PORT,
}


class Sources:
    """What is known of addresses: static gateways by document, terminals by binding."""

    def __init__(
        self, directory: Directory, bindings: Bindings, areas: Callable[[], AreaMap]
    ) -> None:
        self._directory = directory
        self._bindings = bindings
        self._areas = areas

    def by_address(self, request: SipRequest, username: str) -> Allow | None:
        """Return the static gateway that sends from here, or None.

        `username` is that of the credentials it brought unasked; empty where it brought none.
        """
        found = self._directory.by_address(request.source.ip, request.source.port)
        if found is None:
            return None
        match, candidates = found
        return Allow(_choose(candidates, request, username), _BY[match])

    async def by_binding(self, request: SipRequest, now: datetime) -> Allow | None:
        """Return the terminal whose live binding vouches for its calls from here, or None."""
        trusted = [
            endpoint
            for binding in await self._bindings.at(request.source.ip, now)
            if (endpoint := self._directory.get(binding.endpoint)) is not None
            and _vouches(endpoint.trust, binding, request)
        ]
        named = [each for each in trusted if _is_named(each, request)]
        gateways = [each for each in trusted if each.id.kind is EndpointKind.MAPPING_GATEWAY]
        chosen = named or gateways
        return Allow(_choose(chosen, request), AdmittedBy.BINDING) if chosen else None

    async def has_binding(self, request: SipRequest, now: datetime) -> bool:
        """Return whether any terminal is registered from this address."""
        return bool(await self._bindings.at(request.source.ip, now))

    def is_barred(self, endpoint: Endpoint | None, request: SipRequest) -> bool:
        """Return whether an endpoint may not come from here (AUT-18): it counts as a stranger's."""
        if endpoint is None or endpoint.areas is None:
            return False
        return not self._areas().permits(endpoint.areas, request.source.ip)

    def named(self, user: str) -> Endpoint | None:
        """Return the terminal a user part or digest username names, or None."""
        return self._directory.named(user) if user else None

    def names_terminal(self, request: SipRequest, username: str) -> bool:
        """Return whether From, To or the digest username is that of a configured terminal."""
        named = self._directory.named
        return any(named(user) for user in (request.from_user, request.to_user, username) if user)


def _vouches(trust: BindingTrust, binding: Binding, request: SipRequest) -> bool:
    if trust is BindingTrust.IP_PORT:
        return binding.received == request.source
    return trust is BindingTrust.IP


def _is_named(endpoint: Endpoint, request: SipRequest) -> bool:
    return request.from_user in (endpoint.username, endpoint.id.name)


def _choose(candidates: Sequence[Endpoint], request: SipRequest, username: str = "") -> Endpoint:
    """Return the one of several that a request is of, by what tells them apart (AUT-05).

    The longest callee prefix that matches decides, then the user, then precedence.
    """
    if len(candidates) == 1:
        return candidates[0]
    return max(
        candidates,  # in order of precedence, and max() takes the first of equals
        key=lambda each: (
            _prefix_length(each, request.request_user),
            bool(each.username) and each.username in (username, request.from_user),
        ),
    )


def _prefix_length(endpoint: Endpoint, callee: str) -> int:
    number = callee.removeprefix("+")
    matching = [len(each) for each in endpoint.callee_prefixes if number.startswith(each)]
    return max(matching, default=0)
