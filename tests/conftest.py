"""What every test shares: how hard Hypothesis looks, and which loop runs, what a failure shows.

A run that is short on time looks at fewer examples; CI looks at more. Nothing is timed: the
machine may be busy.
"""

import asyncio
import os
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, settings
from support.local_switch import LocalSwitch

settings.register_profile(
    "fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "thorough", max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("thorough" if os.environ.get("CI") else "fast")

SHOWN_LINES = 60


PROCESSES = ("integration", "interop", "deployment", "processes")
"""Marks of tests that start processes."""


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Test on the loop that services run on, which reads at other moments than asyncio's own.

    But not where processes are started: uvloop forks, and gRPC waits for ever in what is forked
    for threads that are not there.
    """
    if any(item.get_closest_marker(name) for name in PROCESSES):
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": _new_uvloop}


def _new_uvloop() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(_end_on_timeout)
    return loop


def _end_on_timeout(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """End the test whose time is up: uvloop takes that for a callback's error and goes on."""
    if isinstance(context.get("exception"), pytest.fail.Exception):
        loop.stop()
    loop.default_exception_handler(context)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the services of a failed test's switch wrote last."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for switch in item.funcargs.values():
            if isinstance(switch, LocalSwitch):
                lines = "\n".join(list(switch.log)[-SHOWN_LINES:])
                report.sections.append(("the switch wrote last", lines))
    return report
