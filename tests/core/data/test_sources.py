import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from cifar_core.data import drawn, sources
from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from cifar_core.data.sources import (
    has_cifar10,
    is_ready,
    open_data,
    prepare_again,
    summarise_source,
)
from cifar_core.data.summary import SetSummary
from cifar_core.errors import DatasetError


@pytest.fixture
def few_drawings(monkeypatch) -> list[int]:
    """The built-in set with 20 images; the list counts how often they are drawn."""
    drawings = []

    def draw(*, seed, progress=None):
        drawings.append(seed)
        labels = np.arange(20) % 10
        images = drawn.draw_images(labels, seed=seed)
        if progress:
            progress(20, 20)
        return drawn.DrawnSet(images[:15], labels[:15], images[15:], labels[15:])

    monkeypatch.setattr(drawn, "draw_set", draw)
    return drawings


@pytest.fixture
def shades(tiny_folder, tmp_path) -> Path:
    """A copy of the tiny folder that a test may change; it keeps the times of its files."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "my shades"))


@pytest.fixture
def count_reads(monkeypatch) -> list[str]:
    """Names of the folders and archives that are really read."""
    reads = []
    for name in ("read_image_folder", "read_archive"):
        read = getattr(sources, name)

        def counted(path, *args, read=read, **kwargs):
            reads.append(path.name)
            return read(path, *args, **kwargs)

        monkeypatch.setattr(sources, name, counted)
    return reads


def refusal(data, workspace, act=open_data) -> str:
    with pytest.raises(DatasetError) as caught:
        act(data, workspace)
    return str(caught.value)


# --- the built-in set


def test_the_built_in_set_is_drawn_once_and_marked_as_drawn(workspace, few_drawings):
    assert not is_ready("builtin", workspace)
    told = []
    data = open_data("builtin", workspace, progress=lambda *state: told.append(state))
    assert data.drawn and data.classes == CIFAR10_CLASSES
    assert (data.num_train, data.num_test) == (15, 5)
    assert is_ready("builtin", workspace) and told[-1] == (20, 20)
    again = open_data("builtin", workspace)
    assert few_drawings == [sources.BUILTIN_SEED]
    assert again.images.equal(data.images) and again.fingerprint == data.fingerprint


def test_a_new_version_of_the_drawings_is_another_set(workspace, few_drawings, monkeypatch):
    open_data("builtin", workspace)
    monkeypatch.setattr(drawn, "VERSION", drawn.VERSION + 1)
    assert not is_ready("builtin", workspace)
    open_data("builtin", workspace)
    assert len(few_drawings) == 2


def test_preparing_again_forgets_what_was_prepared(workspace, few_drawings):
    open_data("builtin", workspace)
    prepare_again("builtin", workspace)
    assert not is_ready("builtin", workspace)
    open_data("builtin", workspace)
    assert len(few_drawings) == 2
    prepare_again("builtin", workspace)
    prepare_again("builtin", workspace)  # of what is not there is no error


# --- the official files


def test_cifar10_that_is_not_there_is_said_with_what_to_do(workspace):
    message = refusal("cifar10", workspace)
    for word in ("cifar-10-python.tar.gz", "cifar-10-batches-py", str(workspace.data_dir), "use"):
        assert word in message
    assert not is_ready("cifar10", workspace) and not has_cifar10(workspace)
    assert "not on this machine" in refusal("cifar10", workspace, summarise_source)


@pytest.fixture
def official_copy(tmp_path, monkeypatch) -> Path:
    """A folder that looks like the official one, and a reader that believes it."""
    folder = tmp_path / "downloads" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    (folder / "data_batch_1").touch()
    images = np.zeros((12, 32, 32, 3), np.uint8)
    raw = RawImages(images, np.arange(12) % 10, 10, CIFAR10_CLASSES, "CIFAR-10")
    monkeypatch.setattr(sources, "read_cifar10", lambda path, scratch, progress: raw)
    return folder


def test_which_copy_the_official_images_come_from_makes_no_difference(workspace, official_copy):
    by_path = open_data(str(official_copy.parent), workspace)
    shutil.rmtree(official_copy)
    assert open_data("cifar10", workspace).fingerprint == by_path.fingerprint
    assert has_cifar10(workspace)


def test_a_copy_in_the_workspace_is_found(workspace, official_copy):
    shutil.copytree(official_copy, workspace.data_dir / official_copy.name)
    assert has_cifar10(workspace) and not is_ready("cifar10", workspace)
    summary = summarise_source("cifar10", workspace)
    assert (summary.num_train, summary.num_test) == (50_000, 10_000)
    assert len(open_data("cifar10", workspace)) == 12


# --- paths


@pytest.mark.parametrize(
    "data",
    ["no/such/folder", "Builtin", "cifar100", "a\0b", "\0", "x" * 5000, "~nobody-at-all/x",
     "\ud800", "x/" * 3000],
)  # fmt: skip
@pytest.mark.parametrize("act", [open_data, is_ready, prepare_again, summarise_source])
def test_what_is_no_path_is_refused_in_a_sentence(workspace, data, act):
    message = refusal(data, workspace, act)
    assert message.endswith(".") and ("expected 'builtin'" in message or "path" in message)
    assert not workspace.root.exists() or not list(workspace.root.glob("data/*-*"))


def test_a_link_to_itself_is_refused(workspace, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    assert "loop" in refusal(str(tmp_path / "loop"), workspace)


def test_a_folder_is_read_once_and_mapped_afterwards(workspace, shades, count_reads):
    data = open_data(str(shades), workspace)
    assert (data.num_train, data.num_test, data.drawn) == (120, 30, False)
    again = open_data(str(shades), workspace)
    assert count_reads == ["my shades"]
    assert again.images.equal(data.images)


def test_a_relative_path_and_a_tilde_name_the_same_set(workspace, shades, count_reads, monkeypatch):
    open_data(str(shades), workspace)
    monkeypatch.chdir(shades.parent)
    monkeypatch.setenv("HOME", str(shades.parent))
    assert is_ready("my shades", workspace) and is_ready("./x/../my shades/", workspace)
    assert is_ready("~/my shades", workspace)


def change_a_file(folder: Path) -> None:
    shutil.copy(folder / "train/red/0001.png", folder / "train/green/0002.png")


def touch_a_file(folder: Path) -> None:
    os.utime(folder / "train/red/0001.png", (1e9, 1e9))


def add_a_file(folder: Path) -> None:
    shutil.copy(folder / "train/red/0001.png", folder / "train/red/new.png")


def remove_a_file(folder: Path) -> None:
    (folder / "train/red/0001.png").unlink()


def rename_a_class(folder: Path) -> None:
    for part in ("train", "test"):
        (folder / part / "red").rename(folder / part / "crimson")


@pytest.mark.parametrize(
    "change", [change_a_file, touch_a_file, add_a_file, remove_a_file, rename_a_class]
)
def test_a_changed_folder_is_prepared_anew(workspace, shades, count_reads, change):
    open_data(str(shades), workspace)
    change(shades)
    assert not is_ready(str(shades), workspace)
    open_data(str(shades), workspace)
    assert len(count_reads) == 2


def test_another_fit_is_another_set(workspace, shades, count_reads):
    for fit in ("crop", "stretch", "letterbox", "crop"):
        open_data(str(shades), workspace, fit=fit)
    assert len(count_reads) == 3
    assert is_ready(str(shades), workspace, fit="stretch")


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_archives_are_read_once_and_anew_when_they_change(
    workspace, shades, tmp_path, count_reads, ending
):
    archive = tmp_path / f"pictures{ending}"
    pack(shades, archive)
    data = open_data(str(archive), workspace)
    assert (data.num_train, data.num_test) == (120, 30)
    open_data(str(archive), workspace)
    assert len(count_reads) == 1
    add_a_file(shades)
    pack(shades, archive)
    assert open_data(str(archive), workspace).num_train == 121
    assert len(count_reads) == 2


def pack(folder: Path, archive: Path) -> None:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(folder.rglob("*.png")):
                file.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(folder, folder.name)


@pytest.mark.parametrize(
    "name",
    ["..shades", ".shades", "-", "  ", "Häuser & Bäume", "蜂", "a.b.c", "x" * 200, "C:aux", "\n",
     "%2e%2e", "$(touch x)"],
)  # fmt: skip
def test_prepared_folders_have_plain_short_names(workspace, shades, tmp_path, name):
    renamed = shades.rename(tmp_path / name)
    data = open_data(str(renamed), workspace)
    assert data.num_train == 120
    made = [p.name for p in workspace.data_dir.iterdir() if p.is_dir()]
    assert len(made) == 1 and len(made[0]) < 64
    assert made[0].replace("-", "").isalnum() and made[0].isascii() and made[0][0] != "-"


def test_a_damaged_prepared_set_says_what_to_delete(workspace, shades):
    open_data(str(shades), workspace)
    (folder,) = (p for p in workspace.data_dir.iterdir() if p.is_dir())
    (folder / "labels.npy").write_bytes(b"")
    assert f"{folder} is not a whole prepared image set" in refusal(str(shades), workspace)
    shutil.rmtree(folder)
    assert open_data(str(shades), workspace).num_train == 120


def test_a_reading_that_fails_leaves_nothing_and_can_be_tried_again(workspace, shades, monkeypatch):
    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sources, "read_image_folder", fail)
        open_data(str(shades), workspace)
    assert not is_ready(str(shades), workspace)
    assert [p for p in workspace.data_dir.iterdir() if p.is_dir()] == []
    assert open_data(str(shades), workspace).num_train == 120


# --- summaries


def test_a_summary_before_and_after_preparing(workspace, few_drawings, shades):
    before = summarise_source("builtin", workspace)
    assert before == SetSummary(
        sources.BUILTIN_NAME, drawn.NUM_TRAIN, drawn.NUM_TEST, CIFAR10_CLASSES, drawn=True
    )
    assert few_drawings == []
    open_data("builtin", workspace)
    assert summarise_source("builtin", workspace).num_train == 15
    assert summarise_source(str(shades), workspace) is None
    open_data(str(shades), workspace)
    assert summarise_source(str(shades), workspace) == SetSummary(
        "my shades", 120, 30, ("dark", "green", "red")
    )


# --- at the same time


def test_threads_that_open_at_once_prepare_once(workspace, monkeypatch):
    reads = []

    def slow_read(path, **kwargs):
        reads.append(path)
        time.sleep(0.3)
        return RawImages(np.zeros((4, 32, 32, 3), np.uint8), np.arange(4) % 2, 3, ("a", "b"), "x")

    monkeypatch.setattr(sources, "read_image_folder", slow_read)
    monkeypatch.setattr(sources, "scan_signature", lambda path: "same")
    opened, failed = [], []

    def open_one():
        try:
            opened.append(open_data(str(workspace.data_dir), workspace))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and len(opened) == 8 and len(reads) == 1
    assert len({data.fingerprint for data in opened}) == 1


OPENING = """
import json, os, sys, time
from pathlib import Path
from cifar_core.data import sources
from cifar_core.workspace import Workspace
read = sources.read_image_folder
def slow_read(*args, **kwargs):
    print("reading", flush=True)
    time.sleep(1.0)
    return read(*args, **kwargs)
sources.read_image_folder = slow_read
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(sources.open_data(sys.argv[1], Workspace.default()).fingerprint))
"""


@pytest.mark.slow
def test_processes_that_open_at_once_prepare_once(workspace, tiny_folder):
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, tiny_folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    assert [child.stdout.readline() for child in children] == ["ready\n"] * 3
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate(timeout=60)[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(len(lines) for lines in answers) == [1, 1, 2]  # one of them read the pictures
    assert len({json.loads(lines[-1]) for lines in answers}) == 1


def test_waiting_for_another_preparation_is_told_and_can_be_ended(workspace, few_drawings):
    class Ended(Exception):
        pass

    def told(done: int, total: int):
        assert (done, total) == (0, 0)
        raise Ended

    folder = workspace.data_dir / f"builtin-v{drawn.VERSION}-0"
    with FileLock(workspace.data_dir / f".{folder.name}.lock"), pytest.raises(Ended):
        open_data("builtin", workspace, progress=told)
    assert few_drawings == []
