"""A process that computes keeps its freed memory and lets its threads wait well."""

import subprocess
import sys
from pathlib import Path

import pytest

from cifar_core.process import start_process, wait_policy

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


@pytest.fixture
def nothing_said(monkeypatch):
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "CIFAR_PARALLEL_RUNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("nothing_said")
def test_threads_that_wait_spin_for_a_moment_only() -> None:
    assert wait_policy() == {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}


@pytest.mark.usefixtures("nothing_said")
def test_beside_other_runs_they_sleep_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", "2")
    assert wait_policy() == {"OMP_WAIT_POLICY": "PASSIVE"}


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_what_the_environment_says_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "something")
    assert wait_policy() == {}


@pytest.mark.usefixtures("nothing_said")
def test_a_process_that_is_started_hears_of_it(tmp_path: Path) -> None:
    code = "import os; print(os.environ['GOMP_SPINCOUNT'], os.environ['CIFAR_HOME'])"
    with (tmp_path / "said").open("wb") as output:
        assert start_process([sys.executable, "-c", code], tmp_path, output).wait() == 0
    assert (tmp_path / "said").read_text().split() == ["10000", str(tmp_path)]
