"""Rate limits as sliding windows, and the number of requests a caller has open at once."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.clock import Clock


class Window:
    """At most `allowed` hits a key in any `seconds`."""

    def __init__(self, clock: Clock, allowed: int, seconds: int) -> None:
        self.allowed = allowed
        self.seconds = seconds
        self._clock = clock
        self._hits: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def hit(self, key: str) -> int:
        """Seconds to wait until the next hit is allowed; 0 when this one was."""
        now = self._clock.precise()
        with self._lock:
            hits = self._hits[key]
            while hits and hits[0] <= now - self.seconds:
                hits.popleft()
            if len(hits) >= self.allowed:
                return max(1, int(hits[0] + self.seconds - now + 0.999))
            hits.append(now)
            return 0

    def remaining(self, key: str) -> int:
        return self.allowed - len(self._hits[key])


class Gate:
    """At most `allowed` requests of a key at the same moment."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._open: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    @contextmanager
    def pass_through(self, key: str) -> Iterator[bool]:
        """Yields whether there was room; leaves the room again at the end."""
        with self._lock:
            admitted = self._open[key] < self._allowed
            self._open[key] += admitted
        try:
            yield admitted
        finally:
            if admitted:
                with self._lock:
                    self._open[key] -= 1
