"""``data prepare`` and ``data info``: image sets from the command line."""

import argparse
from typing import Any

from cifar_core.cli.output import print_json, print_table, progress_bar
from cifar_core.data.image_set import ImageSet
from cifar_core.data.sources import open_data
from cifar_core.workspace import Workspace


def run_prepare(options: argparse.Namespace) -> int:
    """Prepare a set and say in a line what it holds."""
    data = open_with_bar(options.data, Workspace.default(), quiet=options.json, fit=options.fit)
    if options.json:
        print_json({"type": "data", **describe(data)})
        return 0
    print(
        f"{data.name} is ready: {data.num_train:,} training and {data.num_test:,} test images in "
        f"{data.num_classes} classes."
    )
    _print_notes(data)
    return 0


def run_info(options: argparse.Namespace) -> int:
    """Print sizes, classes and statistics of a set."""
    data = open_with_bar(options.data, Workspace.default(), quiet=options.json, fit=options.fit)
    about = describe(data)
    if options.json:
        print_json({"type": "data", **about})
        return 0
    print(data.name + (" (drawn by the program)" if data.drawn else ""))
    print("mean  " + "  ".join(f"{m:.4f}" for m in data.mean) + "  (red, green, blue; 0 to 1)")
    print("std   " + "  ".join(f"{s:.4f}" for s in data.std))
    print(f"sha256 {data.fingerprint}\n")
    rows = [
        [name, f"{about['train_counts'][i]:,}", f"{about['test_counts'][i]:,}"]
        for i, name in enumerate(data.classes)
    ]
    print_table(["class", "train", "test"], [*rows, ["", f"{data.num_train:,}",
                                                     f"{data.num_test:,}"]])  # fmt: skip
    _print_notes(data)
    return 0


def open_with_bar(data: str, workspace: Workspace, *, quiet: bool, fit: str = "crop") -> ImageSet:
    """Open a set; where it has to be prepared first, show how far that is."""
    with progress_bar("preparing images", quiet=quiet) as told:
        return open_data(data, workspace, fit=fit, progress=told)


def describe(data: ImageSet) -> dict[str, Any]:
    """Return what there is to say of a set, as plain JSON types."""
    size = data.num_classes
    train = data.labels[: data.num_train].bincount(minlength=size)
    test = data.labels[data.num_train :].bincount(minlength=size)
    return {
        "name": data.name,
        "drawn": data.drawn,
        "classes": list(data.classes),
        "num_train": data.num_train,
        "num_test": data.num_test,
        "train_counts": train.tolist(),
        "test_counts": test.tolist(),
        "mean": list(data.mean),
        "std": list(data.std),
        "fingerprint": data.fingerprint,
        "notes": list(data.notes),
    }


def _print_notes(data: ImageSet) -> None:
    for note in data.notes:
        print(f"note: {note}")
