"""How many challenges one source may have in a second while strangers get no answer (AUT-01)."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

from ..identity import IPAddress

PER_SECOND: Final = 5
_SECOND: Final = timedelta(seconds=1)
_MAX_SOURCES: Final = 65_536  # beyond it the source that was silent longest is forgotten


class ChallengeLimiter:
    """Allows `PER_SECOND` challenges in any second to each source address."""

    def __init__(self) -> None:
        self._sent: OrderedDict[IPAddress, deque[datetime]] = OrderedDict()

    def allows(self, source: IPAddress, now: datetime) -> bool:
        """Return whether `source` may be challenged now, and if so count it."""
        sent = self._sent.get(source)
        if sent is None:
            sent = self._sent[source] = deque(maxlen=PER_SECOND)
            if len(self._sent) > _MAX_SOURCES:
                self._sent.popitem(last=False)
        if len(sent) == PER_SECOND and now - sent[0] < _SECOND:
            return False
        sent.append(now)
        self._sent.move_to_end(source)
        return True
