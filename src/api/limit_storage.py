"""limits' storage in this process: fixed windows that cost no thread"""

from threading import Lock
from time import time

from limits.storage import Storage

SWEEP = 1.0  # seconds between two searches for windows that have ended


class FixedWindows(Storage):
    """What limits' own `memory://` does, which starts a thread every 10 ms of load to forget what has ended."""

    STORAGE_SCHEME = ["windows"]  # noqa: RUF012  # as the base class has it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.windows: dict[str, tuple[int, float]] = {}
        self.swept = 0.0
        self.lock = Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Name an exception that is never raised: nothing fails here, but limits asks."""
        return ValueError

    def hit(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Count `amount` more in the window of `key`, and return how many there are by now, and when it ends.

        It ends `expiry` seconds after its first count.
        """
        now = time()
        with self.lock:
            if now - self.swept > SWEEP:
                self.windows = {name: window for name, window in self.windows.items() if window[1] > now}
                self.swept = now
            count, end = self.windows.get(key, (0, 0.0))
            count, end = (count + amount, end) if end > now else (amount, now + expiry)
            self.windows[key] = found = count, end
        return found

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more in the window of `key`, and return how many there are by now."""
        return self.hit(key, expiry, amount)[0]

    def get(self, key: str) -> int:
        """Return what is counted in the window of `key`."""
        count, end = self.windows.get(key, (0, 0.0))
        return count if end > time() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window of `key` ends, in seconds since 1970; now, where there is none."""
        return self.windows.get(key, (0, time()))[1]

    def check(self) -> bool:
        """Return True: this process can always count."""
        return True

    def reset(self) -> int:
        """Forget all windows and return how many there were."""
        with self.lock:
            count = len(self.windows)
            self.windows = {}
        return count

    def clear(self, key: str) -> None:
        """Forget the window of `key`."""
        with self.lock:
            self.windows.pop(key, None)
