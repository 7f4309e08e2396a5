import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cifar_core.files import remove_temporary_files, write_atomically, write_file_atomically

OLD, NEW = b"old" * 1000, b"new" * 2000


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "model.bin").write_bytes(OLD)
    return tmp_path / "model.bin"


def refuse(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def names_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_content_replaces_what_was_there(path):
    write_atomically(path, NEW)
    assert path.read_bytes() == NEW and names_in(path.parent) == ["model.bin"]


def test_a_new_file_and_an_empty_one(tmp_path):
    write_atomically(tmp_path / "a", b"")
    assert (tmp_path / "a").read_bytes() == b""


def half_written(temporary: Path) -> None:
    temporary.write_bytes(NEW[:100])
    refuse()


def test_a_failing_write_leaves_the_old_file_and_nothing_else(path):
    with pytest.raises(OSError, match="No space"):
        write_file_atomically(path, half_written)
    assert path.read_bytes() == OLD and names_in(path.parent) == ["model.bin"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(path, error):
    def interrupted(temporary):
        temporary.write_bytes(NEW[:100])
        raise error

    with pytest.raises(error):
        write_file_atomically(path, interrupted)
    assert path.read_bytes() == OLD and names_in(path.parent) == ["model.bin"]


def test_a_writer_that_writes_nothing_is_an_error(path):
    with pytest.raises(FileNotFoundError):
        write_file_atomically(path, lambda temporary: None)
    assert path.read_bytes() == OLD and names_in(path.parent) == ["model.bin"]


@pytest.mark.parametrize("owner, name", [(os, "fsync"), (Path, "replace"), (os, "open")])
def test_a_failure_before_the_move_leaves_the_old_file(path, monkeypatch, owner, name):
    monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(OSError, match="No space"):
        write_file_atomically(path, lambda temporary: temporary.write_bytes(NEW))
    monkeypatch.undo()
    assert path.read_bytes() == OLD and names_in(path.parent) == ["model.bin"]


def test_a_failing_sync_of_the_folder_leaves_the_whole_new_file(path, monkeypatch):
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: refuse() if is_folder(fd) else sync(fd))
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, NEW)
    assert path.read_bytes() == NEW and names_in(path.parent) == ["model.bin"]


def is_folder(descriptor: int) -> bool:
    return Path(f"/proc/self/fd/{descriptor}").resolve().is_dir()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux")
def test_order_is_write_sync_move_sync_of_the_folder(path, monkeypatch):
    told = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor):
        told.append("sync folder" if is_folder(descriptor) else "sync file")
        sync(descriptor)

    def moved(source, target):
        assert source.read_bytes() == NEW and source.parent == target.parent
        told.append("move")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    write_atomically(path, NEW)
    assert told == ["sync file", "move", "sync folder"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux")
def test_no_file_is_left_open(path, monkeypatch):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        write_atomically(path, NEW)
    monkeypatch.setattr(os, "fsync", refuse)
    for _ in range(5):
        with pytest.raises(OSError, match="No space"):
            write_atomically(path, NEW)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "a", NEW)
    assert names_in(tmp_path) == []


def test_a_reader_never_sees_half_a_file(path):
    contents = [bytes([65 + i]) * (1 + 40_000 * i) for i in range(5)]
    write_atomically(path, contents[0])
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add(path.read_bytes())

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for round_ in range(100):
        write_atomically(path, contents[round_ % 5])
    done.set()
    for reader in readers:
        reader.join()
    assert seen and seen <= set(contents)


def test_two_writers_at_once_leave_one_of_both_whole(path):
    contents = [bytes([65 + i]) * 200_000 for i in range(4)]
    writers = [
        threading.Thread(target=lambda c=c: [write_atomically(path, c) for _ in range(20)])
        for c in contents
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_bytes() in contents and names_in(path.parent) == ["model.bin"]


KILLED_BEFORE_THE_MOVE = """
import os, sys
from pathlib import Path
from cifar_core import files
files.sync = lambda path: os._exit(9)
files.write_atomically(Path(sys.argv[1]), b"new")
"""


def test_leftovers_of_a_killed_writer_are_swept_and_nothing_else(path):
    keep = ["model.bin", ".hidden", "a.tmp", "worker.log"]
    for name in keep[1:]:
        (path.parent / name).touch()
    child = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_MOVE, path], check=False)
    assert child.returncode == 9
    assert len(names_in(path.parent)) == 5 and path.read_bytes() == OLD
    remove_temporary_files(path.parent)
    assert names_in(path.parent) == sorted(keep)
