"""Pages of a list, put together."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

PAGE_SIZE = 1000


def collect(page: Callable[[str], tuple[Iterable[T], str]], limit: int) -> Iterator[T]:
    """Yield items page by page, at most `limit`. `page` takes a token and returns the next one."""
    left, token = limit, ""
    while left > 0:
        items, token = page(token)
        for item in items:
            if left == 0:
                return
            left -= 1
            yield item
        if not token:
            return
