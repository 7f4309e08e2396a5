import os
import signal
import subprocess
import sys

import pytest

from cifar_core.data.scratch import remove_dead_folders, scratch_folder


def leftovers(place):
    return [path for path in place.iterdir() if path.is_dir()]


def test_the_folder_is_empty_and_gone_afterwards(tmp_path):
    with scratch_folder(tmp_path) as folder:
        assert list(folder.iterdir()) == []
        (folder / "picture.png").write_bytes(b"x")
    assert leftovers(tmp_path) == []


def test_the_folder_goes_with_an_error(tmp_path):
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path) as folder:
        (folder / "picture.png").write_bytes(b"x")
        raise KeyboardInterrupt
    assert leftovers(tmp_path) == []


def test_two_at_once_leave_each_other_alone(tmp_path):
    with scratch_folder(tmp_path) as first:
        with scratch_folder(tmp_path) as second:
            assert first != second and first.is_dir()
        assert first.is_dir()
        assert remove_dead_folders(tmp_path) == 0
    assert leftovers(tmp_path) == []


WORK = """
import sys, time
from pathlib import Path
from cifar_core.data.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half.png").write_bytes(b"x")
    print("working", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", WORK, tmp_path], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"working\n"
    (kept,) = leftovers(tmp_path)
    assert remove_dead_folders(tmp_path) == 0
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert leftovers(tmp_path) == [kept]
    with scratch_folder(tmp_path) as folder:
        assert leftovers(tmp_path) == [folder.parent]
    assert leftovers(tmp_path) == []


def test_folders_of_an_earlier_version_are_swept_too(tmp_path):
    (tmp_path / ".unpacked-abc" / "content").mkdir(parents=True)
    (tmp_path / "my-pictures").mkdir()
    assert remove_dead_folders(tmp_path) == 1
    assert leftovers(tmp_path) == [tmp_path / "my-pictures"]
