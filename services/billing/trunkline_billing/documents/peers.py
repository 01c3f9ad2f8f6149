"""The kind ReconciliationPeer (BIL-14)."""

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from trunkline_kernel.documents import SECRET, Planned, Problem, Ref, Spec

from ..reconciliation.peer import Direction, Peer
from ..reports.reconciliation import Tolerance
from .accounts import ExactAmount

KIND = "ReconciliationPeer"


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected a URL such as https://switch.example:50155/reconciliation")
    return text


class PeerSpec(Spec):
    """Another platform that keeps books of the calls between it and us."""

    account: Annotated[str, Ref("Account")]
    """Our account of the traffic: a vendor's clearing account, or the customer who pays."""
    direction: Direction
    """outgoing: calls we send to the peer. incoming: calls it sends us."""
    key: Annotated[str, Field(min_length=16), SECRET]
    """Shared with the peer; signs what both say."""
    endpoint: Annotated[str, AfterValidator(_url)] | None = None
    """URL of the peer's door. Unset: the peer asks us, and we never ask it."""
    peer_account: str = ""
    """The account under which the peer keeps the same traffic."""
    tolerance_percent: Annotated[ExactAmount, Field(ge=0, le=100)] = Tolerance().percent
    """What a total may deviate by."""
    enabled: bool = True
    """Whether books are compared every day at 02:00 UTC."""

    def with_key(self, key: str) -> "PeerSpec":
        """Return the same with another spelling of the key: sealed, or opened."""
        return self.model_copy(update={"key": key})


def peer_of(name: str, spec: PeerSpec) -> Peer:
    """Return the peer a document describes."""
    return Peer(
        name=name,
        account=spec.account,
        direction=spec.direction,
        key=spec.key.encode(),
        endpoint=spec.endpoint or "",
        peer_account=spec.peer_account,
        tolerance=spec.tolerance_percent,
        enabled=spec.enabled,
    )


def check_peers(planned: Planned) -> Iterable[Problem]:
    """Yield peers that cannot be asked, or told apart when they ask."""
    known: dict[tuple[str, Direction], str] = {}
    specs: dict[str, Any] = dict(planned.of(KIND))
    for name, spec in specs.items():
        first = known.setdefault((spec.account, spec.direction), name)
        if first != name:
            yield Problem(KIND, name, "spec.account", f"{first} has its {spec.direction} calls")
        if spec.endpoint and not spec.peer_account:
            yield Problem(KIND, name, "spec.peerAccount", "is required to ask the peer")
