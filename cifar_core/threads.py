"""How torch's threads wait for each other; set before torch is imported, or not at all."""

import os


def let_threads_sleep() -> None:
    """Let OpenMP threads sleep while they wait, unless the environment says otherwise.

    By default they spin. As soon as anything else runs on the machine (a browser, the app's own
    server), spinning threads keep the one they wait for off its core: with both cores of a machine
    busy, training was measured at 200 to 900 images/s spinning and 1,400 sleeping. libgomp reads
    the variable once, when torch loads it.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
