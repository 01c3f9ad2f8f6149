"""What strangers and failing sources get, or don't (AUT-01)."""

from datetime import datetime
from typing import Final

from .decisions import Challenged, Drop, Reason, Refusal, Reject
from .limiter import ChallengeLimiter
from .policy import Policy
from .requests import SipRequest

_UNANSWERABLE: Final = frozenset({"ACK", "CANCEL"})


class Gate:
    """Says who is a stranger, and gives refusals the form the policy wants (AUT-01)."""

    def __init__(self, limiter: ChallengeLimiter) -> None:
        self._limiter = limiter

    def stranger(self, request: SipRequest, policy: Policy) -> Refusal:
        """Return what an unknown source gets that may not be challenged."""
        silent = not policy.reply_unauthorized or request.method in _UNANSWERABLE
        explanation = f"{request.source} is unknown"
        if silent:
            return Drop(Reason.UNAUTHORIZED, explanation, unknown_source=True)
        return Reject(403, Reason.UNAUTHORIZED, explanation, unknown_source=True)

    def refuse(
        self, answer: Challenged | Reject, request: SipRequest, policy: Policy, now: datetime
    ) -> Refusal:
        """Return `answer`, or silence where the policy wants that instead."""
        if policy.reply_unauthorized:
            return answer
        if isinstance(answer, Reject):
            silent = answer.reason is Reason.SUSPENDED
            return Drop(answer.reason, answer.explanation) if silent else answer
        if self._limiter.allows(request.source.ip, now):
            return answer
        return Drop(Reason.CHALLENGE_LIMIT, f"{request.source.ip} had its challenges this second")
