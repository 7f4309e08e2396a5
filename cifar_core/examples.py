"""How the answers to a few fixed validation images change while a network learns."""

import logging
import sqlite3
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from cifar_core.data.image_set import Subset
from cifar_core.files import write_atomically
from cifar_core.inference import iterate_logits
from cifar_core.store import Store
from cifar_core.training import Training

NUM_EXAMPLES = 8
MIN_INTERVAL_S = 2.0
TIME_SHARE = 0.005
"""At most this share of the time goes into looking at the examples."""

log = logging.getLogger(__name__)


class ExampleWatcher:
    """Records the class probabilities of the first validation images from time to time.

    Looking draws no random numbers and leaves the network as it was: a run with and without it ends
    with the same weights.
    """

    def __init__(self, store: Store, run_id: str, val: Subset) -> None:
        """Watch the first images of ``val``; there may be none."""
        self._store, self._run_id = store, run_id
        self._subset = val.first(NUM_EXAMPLES)
        self._last_look, self._interval = 0.0, MIN_INTERVAL_S

    def describe(self) -> list[dict[str, Any]]:
        """Return position in the data set and label of each watched image."""
        places, labels = self._subset.indices.tolist(), self._subset.labels.tolist()
        return [{"index": i, "label": n} for i, n in zip(places, labels, strict=True)]

    def save_pictures(self, path: Path) -> None:
        """Write the watched images side by side as a PNG, so that pages need not open the set."""
        if not len(self._subset):
            return
        images, _ = self._subset.take(torch.arange(len(self._subset)))
        png = BytesIO()
        Image.fromarray(torch.cat(list(images), dim=1).numpy()).save(png, "PNG")
        try:
            write_atomically(path, png.getvalue())
        except OSError as error:
            log.warning("The examples' pictures cannot be stored (%s); training goes on.", error)

    def look_if_due(self, training: Training, *, at_once: bool = False) -> None:
        """Classify the images and store the probabilities, where the last look is long ago."""
        now = time.monotonic()
        if not len(self._subset) or (now - self._last_look < self._interval and not at_once):
            return
        logits = torch.cat(list(iterate_logits(
            training.model, self._subset, training.preprocessing,
            device=training.device, precision=training.config.precision,
        )))  # fmt: skip
        probs = [[round(p, 4) for p in row] for row in logits.softmax(1).tolist()]
        try:
            self._store.add_examples(self._run_id, training.progress.step, probs)
        except sqlite3.Error as error:
            log.warning("The examples cannot be stored now (%s); training goes on.", error)
        self._last_look = time.monotonic()
        self._interval = max(MIN_INTERVAL_S, (self._last_look - now) / TIME_SHARE)
