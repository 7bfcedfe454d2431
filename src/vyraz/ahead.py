"""Read ahead in a thread of its own."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

#: How far.
_ITEMS = 8

_Item = TypeVar("_Item")


def ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, or the same exception, while the next ones are being made."""
    end = object()
    pool = ThreadPoolExecutor(1, thread_name_prefix="vyraz-ahead")
    try:
        waiting = deque(pool.submit(next, items, end) for _ in range(_ITEMS))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)
