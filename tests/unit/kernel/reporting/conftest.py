"""Reports are repeated on a virtual clock."""

import asyncio
from collections.abc import Callable

import pytest
from support.virtual_clock import VirtualClockLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of this folder on it."""
    return {"virtual": VirtualClockLoop}
