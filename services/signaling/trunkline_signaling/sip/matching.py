"""What tells one request from another (RFC 3261 sections 8.2.2.2 and 17.2.3, RFC 3581)."""

from __future__ import annotations

from collections.abc import Hashable

from .flow import Flow
from .message import Request
from .methods import ACK, INVITE
from .via import BRANCH_MAGIC


def server_key(request: Request, method: str = "") -> Hashable:
    """Return what a request shares with its copies (section 17.2.3); an ACK with its INVITE."""
    method = method or (INVITE if request.method == ACK else request.method)
    headers = request.headers
    via = headers.via
    branch = via.branch or ""
    if branch.startswith(BRANCH_MAGIC) and len(branch) > len(BRANCH_MAGIC):
        return branch, via.host.lower(), via.port, method
    # RFC 2543. The To tag stays out: the INVITE has none, and its ACK must be found.
    who = headers.call_id, headers.from_.tag, headers.cseq.number
    return request.target, str(via), who, method


def merge_key(request: Request) -> Hashable:
    """Return what a request shares with itself on another path (section 8.2.2.2)."""
    headers = request.headers
    return headers.call_id, headers.from_.tag, headers.cseq


def note_source(request: Request, flow: Flow) -> None:
    """Write into the topmost Via where the request really came from (RFC 3581 section 4)."""
    headers = request.headers
    via = headers.via
    host, port = flow.remote
    if via.wants_rport or via.host != host:
        headers.replace_topmost("Via", via.with_received(host, port))
