"""The parameters of the dynamic black list, as one value per call (AUT-09 to AUT-13)."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Detector:
    """What makes one kind of behaviour an offence."""

    limit: int = 0
    """How often within `interval`. 0 is off."""
    interval: timedelta = timedelta(seconds=600)
    expire: timedelta = timedelta(seconds=3600)
    """How long the number stays listed after the last call that hit it."""


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """The four detectors and whose behaviour counts."""

    standalone: bool = False
    """SS_BLACK_LIST_DYNAMIC_RUN_MODE: only flagged gateways count, and each for itself."""
    callee: Detector = Detector()
    """SS_BLACK_LIST_MALICIOUS_CALL_* (AUT-09)."""
    caller: Detector = Detector()
    """SS_BLACK_LIST_CALLER_MALICIOUS_CALL_* (AUT-10)."""
    no_answer: Detector = Detector()
    """SS_BLACK_LIST_NO_ANSWER_* (AUT-11)."""
    concurrent: Detector = Detector()
    """SS_BLACK_LIST_CALLER_CONCURRENT_* (AUT-12): `limit` calls at once, `interval` unused."""

    @property
    def watches(self) -> bool:
        """Whether any behaviour is an offence."""
        detectors = (self.callee, self.caller, self.no_answer, self.concurrent)
        return any(each.limit for each in detectors)
