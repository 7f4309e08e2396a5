"""A process that computes keeps its freed memory and lets its threads sleep."""

import os
import subprocess
import sys

import pytest

from cifar_core.process import let_threads_sleep

ALLOCATE = """
import resource
from cifar_core import process
{first}
for _ in range(3):
    bytes(40_000_000).count(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    bytes(40_000_000).count(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(first: str) -> int:
    """Return the page faults of twenty blocks of 40 MB, in a process that starts like this."""
    done = subprocess.run(
        [sys.executable, "-c", ALLOCATE.format(first=first)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_freed_memory_is_used_again() -> None:
    assert page_faults("process.prepare_to_compute()") < 20


def test_threads_sleep_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    let_threads_sleep()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    let_threads_sleep()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
