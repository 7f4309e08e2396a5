"""How long a large image archive takes to prepare, and how much memory.

    python benchmarks/preparing.py ARCHIVE_OR_FOLDER [--epochs N]

Prepares it as a newcomer does, in a workspace of its own that is removed afterwards, and prints
time, the peak memory of all processes together, counts of the classes, and the load of the machine
before. With --epochs it then trains SimpleCNN on it, which shows that the labels belong to the
images. Memory is the sum of each process's own ("unique set size") every tenth of a second, so that
the shared pages of a mapped file count once, and that of shared libraries not at all; the resident
set, which counts both, stands beside it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_EVERY_S = 0.1


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser(description="Measure how an image archive is prepared.")
    parser.add_argument("source", type=Path, help="an archive or folder of train/<class>/*")
    parser.add_argument("--epochs", type=int, default=0, help="also train so many epochs")
    options = parser.parse_args()
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    print(f"{options.source} on {cores} cores, load before {load:.1f}")
    with tempfile.TemporaryDirectory(prefix="cifar-preparing-") as home:
        source = str(options.source.resolve())
        seconds, peaks, lines = _measure(home, "data", "prepare", "--data", source)
        _report_preparing(seconds, peaks, lines[-1], Path(home))
        if options.epochs:
            seconds, peaks, lines = _measure(
                home, "train", "--data", source, "--epochs", str(options.epochs),
                "--print-every", "0",
            )  # fmt: skip
            test = lines[-1]["test"]
            print(
                f"trained {options.epochs} epochs in {seconds:.0f} s: test accuracy "
                f"{100 * test['accuracy']:.1f} % ({100 * test['accuracy_low']:.1f} to "
                f"{100 * test['accuracy_high']:.1f} %) on {test['num_images']:,} images; "
                f"{_megabytes(peaks)}"
            )


def _measure(home: str, *arguments: str) -> tuple[float, tuple[int, int], list[dict]]:
    """Run a command; return seconds, peak unique and resident bytes, and what it printed."""
    began = time.perf_counter()
    printed = Path(home) / "printed.txt"  # no pipe: one that nobody empties would stop the process
    with printed.open("w") as stdout:
        process = subprocess.Popen(
            [sys.executable, "-m", "cifar_core", *arguments, "--json"],
            cwd=ROOT,
            env={**os.environ, "CIFAR_HOME": home},
            stdout=stdout,
        )
    unique = resident = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        now = _memory(watched)
        unique, resident = max(unique, now[0]), max(resident, now[1])
        time.sleep(SAMPLE_EVERY_S)
    seconds = time.perf_counter() - began
    output = printed.read_text()
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}: {output}")
    return seconds, (unique, resident), [json.loads(line) for line in output.splitlines()]


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Return unique and resident bytes of a process and all that it started."""
    unique = resident = 0
    try:
        for each in (process, *process.children(recursive=True)):
            memory = each.memory_full_info()
            unique, resident = unique + memory.uss, resident + memory.rss
    except psutil.NoSuchProcess:  # it ended between the two looks
        pass
    return unique, resident


def _report_preparing(seconds: float, peaks: tuple[int, int], about: dict, home: Path) -> None:
    left = [path.name for path in (home / "data").glob(".unpacked-*") if path.is_dir()]
    total = about["num_train"] + about["num_test"]
    print(f"prepared {total:,} images in {seconds:.1f} s ({total / seconds:,.0f} images/s)")
    print(f"peak memory {_megabytes(peaks)}")
    print(f"temporary folders left: {len(left)}; notes: {about['notes'] or 'none'}")
    for name, train, test in zip(
        about["classes"], about["train_counts"], about["test_counts"], strict=True
    ):
        print(f"  {name:<20} {train:>7,} training {test:>7,} test")


def _megabytes(peaks: tuple[int, int]) -> str:
    return f"{peaks[0] / 1e6:,.0f} MB of its own, {peaks[1] / 1e6:,.0f} MB resident"


if __name__ == "__main__":
    main()
