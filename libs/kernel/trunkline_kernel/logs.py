"""Structured logs: one line an event, the call's id on every line of a call in every service.

`call_id` travels with gRPC calls (`rpc`) and lives in a context variable, so a line written deep
inside a servicer carries it. Values under secret names are masked before anything is written.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

CALL_ID: Final[ContextVar[str]] = ContextVar("call_id", default="")
"""Call-ID of the SIP call being worked for. Empty outside of a call."""

MASK: Final = "***"

SECRET_WORDS: Final = ("password", "secret", "ha1", "private_key", "token", "authorization")
"""A key that contains one of these never shows its value."""

QUIET: Final = ("alembic.runtime.plugins",)
"""Loggers of libraries that tell nothing below a warning."""


@contextmanager
def bind_call_id(call_id: str) -> Iterator[None]:
    """Put `call_id` on every line and every outgoing call of this block."""
    token = CALL_ID.set(call_id)
    try:
        yield
    finally:
        CALL_ID.reset(token)


def configure_logs(
    service: str, *, level: str = "info", format: str = "auto", stream: TextIO | None = None
) -> None:
    """Set up structlog and the standard library's logging for this process.

    `format` is auto (for people on a terminal, JSON elsewhere), console or json. Writes to standard
    error unless given a stream.
    """
    target = stream or sys.stderr
    console = format == "console" or (format == "auto" and target.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Service(service),
        add_call_id,
        mask_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_rendering(console, colors=target.isatty())
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))


def _rendering(console: bool, *, colors: bool) -> list[Processor]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if console:
        return [remove, structlog.dev.ConsoleRenderer(colors=colors)]
    return [
        remove,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]


def add_call_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Add the call's id, unless the line names one itself."""
    call_id = CALL_ID.get()
    if call_id:
        event.setdefault("call_id", call_id)
    return event


def mask_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace the value of every key that sounds like a secret."""
    for key in event:
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = MASK
    return event


class _Service:
    """Names the service on every line."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.setdefault("service", self._service)
        return event
