"""The media service with its real engine, and real RTP over the loopback interface."""

from collections.abc import AsyncIterator

import pytest
from support.media_client import MediaClient, serving


@pytest.fixture
async def media() -> AsyncIterator[MediaClient]:
    """A service of its own for each test."""
    async with serving() as client:
        yield client
