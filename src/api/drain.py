"""the server's SIGTERM -> some seconds in which it still answers, each connection one last time

A proxy, or a client that keeps its connection, may send a request at the very moment at which the server closes: that
request is lost. So a connection is told first, with `connection: close` in an answer, that it will not be used again.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from src.api.protocol import Bounds


@contextmanager
def draining(bounds: Bounds) -> Iterator[None]:
    """Put off by `drain_seconds` what the server does at SIGTERM; a second one, or 0 seconds, is obeyed at once.

    Where the process has no server's own handler (in tests of the app alone) nothing is changed.
    """
    end = signal.getsignal(signal.SIGTERM)
    if not bounds.drain_seconds or not callable(end):
        yield
        return
    loop, ended = asyncio.get_running_loop(), end

    def begin(number: int, frame: FrameType | None) -> None:
        if bounds.draining:
            ended(number, frame)
            return
        bounds.draining = True
        loop.call_soon_threadsafe(loop.call_later, bounds.drain_seconds, ended, number, None)

    signal.signal(signal.SIGTERM, begin)
    yield
    signal.signal(signal.SIGTERM, end)
