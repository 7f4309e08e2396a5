import io
import tarfile
import zipfile

import pytest

from cifar_core.data import uploads
from cifar_core.data.uploads import keep_upload, list_uploads, upload_name
from cifar_core.errors import DatasetError


def a_zip(content=b"picture"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train/cat/1.png", content)
    return buffer.getvalue()


def a_tar(mode):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{mode}") as archive:
        member = tarfile.TarInfo("train/cat/1.png")
        member.size = 7
        archive.addfile(member, io.BytesIO(b"picture"))
    return buffer.getvalue()


def files_in(folder):
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def keep(content, workspace, name="pets.zip"):
    return keep_upload(io.BytesIO(content), name, workspace)


def test_an_upload_is_kept_whole_under_a_name_of_our_own(workspace):
    content = a_zip(b"x" * 3_000_000)
    kept = keep(content, workspace)
    assert kept.read_bytes() == content
    assert kept.parent.parent == workspace.data_dir
    assert "pets" not in kept.name
    assert upload_name(kept, workspace) == "pets.zip"


@pytest.mark.parametrize(
    "name", ["../../evil.zip", "/etc/passwd", "C:\\boot.ini", "a\nb.zip", "x" * 500, "..", ""]
)
def test_the_clients_name_is_shown_but_never_a_path(workspace, tmp_path, name):
    before = files_in(tmp_path)
    kept = keep(a_zip(), workspace, name)
    new = files_in(tmp_path) - before
    assert {path.parent for path in new} == {workspace.data_dir / "uploads"}
    assert all(path.name.startswith("upload-") for path in new)
    assert upload_name(kept, workspace) == name[:60]


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (a_zip(), ".zip"),
        (a_tar("gz"), ".tar.gz"),
        (a_tar("bz2"), ".tar.bz2"),
        (a_tar("xz"), ".tar.xz"),
        (a_tar(""), ".tar"),
    ],
)
def test_the_kind_follows_from_the_content(workspace, content, ending):
    assert keep(content, workspace, "holiday.doc").name.endswith(ending)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(600), bytes(512)])
def test_what_is_no_archive_is_refused_and_leaves_nothing(workspace, content):
    with pytest.raises(DatasetError, match=r"pets\.zip is no archive"):
        keep(content, workspace)
    assert files_in(workspace.data_dir) == set()


def test_a_file_above_the_limit_is_refused_and_leaves_nothing(workspace, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UPLOAD_MB", 1)
    with pytest.raises(DatasetError, match="more than 1 MB"):
        keep(a_zip(b"x" * 2_000_000), workspace)
    assert files_in(workspace.data_dir) == set()


def test_the_same_archive_twice_is_kept_once_and_not_touched(workspace):
    first = keep(a_zip(), workspace)
    state = first.stat()
    assert keep(a_zip(), workspace, "again.zip") == first
    assert first.stat().st_mtime_ns == state.st_mtime_ns
    assert list_uploads(workspace) == [first]
    assert upload_name(first, workspace) == "again.zip"


def test_other_paths_have_no_uploads_name(workspace, tmp_path):
    assert upload_name(tmp_path / "pets.zip", workspace) is None
    kept = keep(a_zip(), workspace)
    kept.with_name(kept.name + ".json").write_text("{")
    assert upload_name(kept, workspace) is None
