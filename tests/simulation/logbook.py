"""What the product logs as its own mistakes while it is simulated: none is expected."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

EXPECTED = frozenset({"ledger_unavailable"})


@contextmanager
def errors_of_the_product() -> Iterator[list[str]]:
    """Collect everything logged at level ERROR or above; what is below costs nothing."""
    found: list[str] = []

    def collect(logger: Any, method: str, event: Any) -> Any:
        if event.get("event") not in EXPECTED:
            found.append(_describe(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, collect],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield found
    finally:
        structlog.configure(**before)


def _describe(event: dict[str, Any]) -> str:
    fields = ", ".join(f"{key}={value}" for key, value in event.items() if key != "exception")
    return f"{fields}\n{event['exception']}" if "exception" in event else fields


def describe_exception(context: dict[str, Any]) -> str:
    """Return what an event loop tells its exception handler."""
    error = context.get("exception")
    lines = traceback.format_exception(error) if error is not None else []
    return f"{context.get('message')}\n{''.join(lines)}"
