"""What auth is told of a SIP request: plain values, read from the message by signaling."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..identity import SocketAddress, Transport


@dataclass(frozen=True, slots=True)
class SipRequest:
    """One request before anybody is trusted."""

    method: str
    """Upper case."""
    source: SocketAddress
    """As received, whatever Via says."""
    call_id: str
    transport: Transport = Transport.UDP
    local: SocketAddress | None = None
    """Where it came in."""
    request_user: str = ""
    """User part of the Request-URI: the number called."""
    from_user: str = ""
    to_user: str = ""
    branch: str = ""
    """Of the topmost Via: tells a repeat of the question from a replay of the credentials."""
    authorization: Sequence[str] = ()
    """Values of Authorization as received."""
    proxy_authorization: Sequence[str] = ()
    """Values of Proxy-Authorization as received."""
    user_agent: str = ""
