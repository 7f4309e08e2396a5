"""How the command line prints: JSON lines, aligned tables, progress bars."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from cifar_core.data.cifar10 import Progress
from cifar_core.data.download import Arrived, Told


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on one line, at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their widest cell."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


@contextmanager
def progress_bar(text: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Give a function to be told (done, total); on a terminal it moves a bar, else it is mute."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with tqdm(desc=text, unit=" images", file=sys.stderr, leave=False) as bar:

        def move(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield move


@contextmanager
def download_bar(text: str, *, quiet: bool = False) -> Iterator[Told]:
    """As ``progress_bar``, for bytes: says how many, how fast, how much longer and from where."""
    if quiet or not sys.stderr.isatty():
        yield lambda arrived: None
        return
    with tqdm(desc=text, unit="B", unit_scale=True, file=sys.stderr, leave=False) as bar:

        def move(arrived: Arrived) -> None:
            if not bar.total:  # what an earlier download left counts for no speed
                bar.initial = bar.n = bar.last_print_n = arrived.done
            bar.total = arrived.total
            bar.update(arrived.done - bar.n)
            source = arrived.source or "another process downloads"
            bar.set_postfix_str(source, refresh=source != bar.postfix)

        yield move
