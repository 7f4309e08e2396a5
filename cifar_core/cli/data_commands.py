"""``data``: image sets and extra test sets from the command line."""

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cifar_core.cli.output import download_bar, print_json, print_table, progress_bar
from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data.download import download_cifar10
from cifar_core.data.extra_tests import add_extra_test, delete_extra_test, list_extra_tests
from cifar_core.data.image_set import CIFAR10_CLASSES, FEW_IMAGES, ImageSet, scarce_classes
from cifar_core.data.sources import has_cifar10, open_data, summarise_source
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace


def run_prepare(options: argparse.Namespace) -> int:
    """Prepare a set, downloading CIFAR-10 if need be, and say in a line what it holds."""
    if options.source and options.data != CIFAR10:
        raise DatasetError(f"--source names where CIFAR-10 is; --data is {options.data}.")
    if options.data == CIFAR10 and not has_cifar10(Workspace.default()):
        _download(options.source, quiet=options.json)
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


def _download(sources: list[str], *, quiet: bool) -> None:
    with download_bar("downloading CIFAR-10", quiet=quiet) as told:
        path = download_cifar10(Workspace.default(), sources=sources, told=told)
    if not quiet:
        print(f"{path.name} is in {path.parent}.")


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


def run_add_test(options: argparse.Namespace) -> int:
    """Keep an extra test set in the workspace."""
    workspace = Workspace.default()
    with progress_bar("reading images", quiet=options.json) as told:
        added = add_extra_test(
            workspace, [Path(text).expanduser() for text in options.files],
            _classes_of(options.data, options.fit, workspace), name=options.name, fit=options.fit,
            progress=told,
        )  # fmt: skip
    if options.json:
        print_json({"type": "extra_test", **asdict(added)})
        return 0
    print(
        f"{added.name} is ready: {added.num_images:,} images. Measure a model on it with: python "
        f"-m cifar_core evaluate MODEL --extra {shlex.quote(added.name)}"
    )
    for note in added.notes:
        print(f"note: {note}")
    return 0


def run_tests(options: argparse.Namespace) -> int:
    """List the extra test sets."""
    tests = list_extra_tests(Workspace.default())
    if options.json:
        for test in tests:
            print_json({"type": "extra_test", **asdict(test)})
    elif tests:
        rows = [
            [t.name, f"{t.num_images:,}", f"{len(t.classes)}", f"{t.size_bytes / 1e6:,.1f} MB"]
            for t in tests
        ]
        print_table(["name", "images", "classes", "size"], rows)
    else:
        print("No extra test set yet; add one with: python -m cifar_core data add-test PATH")
    return 0


def run_remove_test(options: argparse.Namespace) -> int:
    """Remove an extra test set."""
    delete_extra_test(Workspace.default(), options.name)
    if options.json:
        print_json({"type": "removed", "name": options.name})
    else:
        print(f"{options.name} was removed.")
    return 0


def _classes_of(data: str, fit: str, workspace: Workspace) -> tuple[str, ...]:
    """Return the class names of a source, without preparing it."""
    if data in (BUILTIN, CIFAR10):
        return CIFAR10_CLASSES
    summary = summarise_source(data, workspace, fit=fit)
    if summary is None:
        raise DatasetError(
            f"The classes of {data} are not known yet; run 'data prepare --data' with it first."
        )
    return summary.classes


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
    few = ", ".join(f"{name} {number}" for name, number in scarce_classes(data).items())
    if few:
        print(f"note: Few training images, fewer than {FEW_IMAGES}: {few}.")
