"""Marks on our own pod, so that Kubernetes removes the emptiest one and evicts none with calls."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from .api import ApiError, PodApi

log = structlog.stdlib.get_logger(__name__)

DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
"""A ReplicaSet that shrinks begins with the pod of the lowest cost."""
SAFE_TO_EVICT: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"

INTERVAL: Final = 15.0
"""Seconds between two looks: Kubernetes asks not to write these often."""


class PodMarks:
    """Keeps the annotations at the number of calls."""

    def __init__(self, api: PodApi, pod: str) -> None:
        self._api = api
        self._pod = pod
        self._told: int | None = None

    async def keep(self, calls: Callable[[], int]) -> None:
        """Look and tell until cancelled. What cannot be told now is told later."""
        while True:
            try:
                await asyncio.to_thread(self.tell, calls())
            except (ApiError, OSError) as error:
                log.warning("the pod could not be marked", error=str(error))
            await asyncio.sleep(INTERVAL)

    def tell(self, calls: int) -> None:
        """Write the number of calls, unless it stands there. Raises `ApiError`, `OSError`."""
        if calls == self._told:
            return
        safe = "false" if calls else "true"
        self._api.annotate_pod(self._pod, {DELETION_COST: str(calls), SAFE_TO_EVICT: safe})
        self._told = calls
