"""How fast a download is, and whether a source is worth staying with."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cifar_core.data.download_request import Fault, SourceError

_SPEED_EVERY_S = 0.5
_NEWEST_SHARE = 0.3
"""How much the latest measurement counts in the speed that is shown."""


@dataclass(frozen=True)
class Patience:
    """How long a source is waited for.

    Attributes:
        silence_s: without a byte for so long, a connection counts as broken.
        window_s: over which a speed is judged.
        stalled_bytes_per_s: below this a connection counts as broken.
        slow_bytes_per_s: below this the next source is tried, while there is one. The throttled
            official host gives a quarter of this.
        tries: how often in a row a source may fail that may yet recover.
        pause_s: before the second try; doubled for each one after that.
        least_gain: bytes a try must bring, for the next one to count as the first again.
        sleep: waits for seconds.
        clock: tells seconds.
    """

    silence_s: float = 30.0
    window_s: float = 15.0
    stalled_bytes_per_s: float = 500.0
    slow_bytes_per_s: float = 200_000.0
    tries: int = 4
    pause_s: float = 1.0
    least_gain: int = 1_000_000
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


class Pace:
    """The speed of one connection."""

    def __init__(self, patience: Patience, host: str, *, hurried: bool) -> None:
        """Begin to measure.

        Args:
            patience: when a speed is too low.
            host: of the source.
            hurried: whether a slow source is given up, too.
        """
        self._patience, self._host, self._hurried = patience, host, hurried
        now = patience.clock()
        self._judged_at, self._judged_bytes = now, 0
        self._measured_at, self._measured_bytes = now, 0
        self.bytes_per_s = 0.0

    def count(self, received: int) -> None:
        """Note bytes that have arrived.

        Raises:
            SourceError: they come too slowly.
        """
        now = self._patience.clock()
        self._measured_bytes += received
        self._judged_bytes += received
        if now - self._measured_at >= _SPEED_EVERY_S:
            self._measure(now)
        if now - self._judged_at >= self._patience.window_s:
            self._judge(now)

    def _measure(self, now: float) -> None:
        latest = self._measured_bytes / (now - self._measured_at)
        share = _NEWEST_SHARE if self.bytes_per_s else 1.0
        self.bytes_per_s += share * (latest - self.bytes_per_s)
        self._measured_at, self._measured_bytes = now, 0

    def _judge(self, now: float) -> None:
        speed = self._judged_bytes / (now - self._judged_at)
        self._judged_at, self._judged_bytes = now, 0
        if speed < self._patience.stalled_bytes_per_s:
            raise SourceError(f"{self._host} fell silent", Fault.BROKEN)
        if self._hurried and speed < self._patience.slow_bytes_per_s:
            raise SourceError(f"{self._host} is slow", Fault.SLOW)
