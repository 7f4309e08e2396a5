"""How fast a training is; takes no part in its numbers."""

import time

SPEED_WINDOW_S = 1.0
"""The speed that a step reports is the mean over about this long."""


class Speedometer:
    """Images a second over about the last second; takes no part in the numbers of a run."""

    def __init__(self) -> None:
        """Start counting now."""
        self.restart()

    def restart(self) -> None:
        """Forget the past: an epoch, or the time after a pause, begins."""
        self._began = self._window_began = time.perf_counter()
        self._images, self._rate = 0, 0.0

    def after(self, images: int) -> float:
        """Count the images of a step; return the current rate in images a second."""
        now = time.perf_counter()
        self._images += images
        seconds = now - self._window_began
        if seconds >= SPEED_WINDOW_S or not self._rate:
            self._rate = self._images / max(seconds, 1e-9)
        if seconds >= SPEED_WINDOW_S:
            self._images, self._window_began = 0, now
        return self._rate

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._began
