"""The sandbox's clock: real time plus what a test has moved it forward; the story's data has its own fixed now."""

from __future__ import annotations

import time


class Clock:
    """Seconds since the epoch, UTC."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        return int(time.time()) + self._ahead

    def precise(self) -> float:
        """For rate limits and waits only."""
        return time.time() + self._ahead

    def advance(self, seconds: int) -> None:
        self._ahead += seconds
