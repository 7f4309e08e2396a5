import hashlib
import random
import shutil
import threading
from types import SimpleNamespace

import pytest

from cifar_core.data import download as download_module
from cifar_core.data.download import Arrived, download
from cifar_core.data.download_pace import Patience
from cifar_core.data.download_sources import CIFAR10_ARCHIVE, Archive, choose_sources
from cifar_core.errors import DatasetError
from tests.core.data import web as behaviour
from tests.core.data.web import Web

SIZE = 400_000
CONTENT = random.Random(0).randbytes(SIZE)
NOWHERE = "http://127.0.0.1:9/file.tar.gz"


@pytest.fixture
def web():
    server = Web(CONTENT)
    server.start()
    yield server
    server.end()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def patience(pauses) -> Patience:
    return Patience(silence_s=0.2, least_gain=1000, sleep=pauses.append)


@pytest.fixture
def get(tmp_path, patience):
    """Download the file from these addresses; returns its content."""

    def act(*sources: str, **options) -> bytes:
        return download(an_archive(*sources), tmp_path, **{"patience": patience, **options}
                        ).read_bytes()  # fmt: skip

    return act


def an_archive(*sources: str) -> Archive:
    return Archive("file.tar.gz", SIZE, hashlib.md5(CONTENT).hexdigest(), sources)


def refusal(act, *arguments, **options) -> str:
    with pytest.raises(DatasetError) as caught:
        act(*arguments, **options)
    return str(caught.value)


def put_part(folder, content: bytes) -> None:
    (folder / "file.tar.gz.part").write_bytes(content)


def left_in(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def ranges(web) -> list[str | None]:
    return [range_ for _, range_ in web.asked]


# --- it completes


@pytest.mark.parametrize(
    "behave",
    [
        behaviour.well,
        behaviour.without_ranges,
        behaviour.then(behaviour.cut_after(150_000), behaviour.without_ranges),
        behaviour.then(behaviour.silent_after(70_000), behaviour.well),
        behaviour.then(behaviour.status(503), behaviour.status(500), behaviour.well),
        behaviour.then(behaviour.cut_after(5000), behaviour.status(416), behaviour.well),
        behaviour.then(behaviour.cut_after(5000), behaviour.wrong_range, behaviour.well),
        behaviour.cut_after(50_000),
    ],
    ids=["well", "no ranges", "cut, then no ranges", "stall", "busy", "416", "wrong range",
         "cut again and again"],
)  # fmt: skip
def test_a_download_ends_with_the_very_file(web, get, tmp_path, behave):
    assert get(web.serve(behave)) == CONTENT
    assert left_in(tmp_path) == {"file.tar.gz"}


def test_a_part_is_continued_where_it_ends(web, get, tmp_path):
    put_part(tmp_path, CONTENT[:123_456])
    assert get(web.serve(behaviour.well)) == CONTENT
    assert ranges(web) == ["bytes=123456-"]


def test_a_part_is_continued_from_another_source(web, get):
    dying = behaviour.then(behaviour.cut_after(90_000), behaviour.status(404))
    assert get(web.serve(dying), web.serve(behaviour.well)) == CONTENT
    assert ranges(web) == [None, "bytes=90000-", "bytes=90000-"]


def test_a_whole_part_needs_no_network(get, tmp_path):
    put_part(tmp_path, CONTENT)
    assert get(NOWHERE) == CONTENT


@pytest.mark.parametrize("part", [b"x" * SIZE, b"x" * (SIZE + 1), b"x" * 5000], ids=len)
def test_a_damaged_part_is_thrown_away(web, get, tmp_path, part):
    put_part(tmp_path, part)
    assert get(web.serve(behaviour.well)) == CONTENT


@pytest.mark.parametrize(
    "bad",
    [
        behaviour.instead(b"y" * SIZE), behaviour.instead(b"<html>Please log in</html>"),
        behaviour.instead(CONTENT + b"more"), behaviour.endless, behaviour.status(404),
        behaviour.status(500), behaviour.wrong_range,
        behaviour.status(302, Location="file:///etc/hostname"),
        behaviour.status(302, Location="ftp://127.0.0.1/file.tar.gz"),
    ],
    ids=["wrong content", "a page", "too long", "endless", "404", "500", "wrong range", "to a file",
         "to FTP"],
)  # fmt: skip
def test_after_a_bad_source_the_next_one_is_tried(web, get, tmp_path, bad):
    assert get(web.serve(bad), web.serve(behaviour.well)) == CONTENT
    assert left_in(tmp_path) == {"file.tar.gz"}


def test_a_redirect_to_the_web_is_followed_and_keeps_the_range(web, get, tmp_path):
    put_part(tmp_path, CONTENT[:1000])
    target = web.serve(behaviour.well)
    assert get(web.serve(behaviour.status(302, Location=target))) == CONTENT
    assert ranges(web) == ["bytes=1000-", "bytes=1000-"]


def test_a_slow_source_is_left_for_another_but_taken_when_all_are_slow(web, get):
    sources, done = [web.serve(behaviour.well), web.serve(behaviour.well)], []
    impatience = Patience(
        clock=Ticking(seconds_a_look=20), slow_bytes_per_s=1e9, stalled_bytes_per_s=0
    )
    assert get(*sources, told=lambda a: done.append(a.done), patience=impatience) == CONTENT
    asked = [path for path, _ in web.asked]
    assert asked == ["/0/file.tar.gz", "/1/file.tar.gz", "/0/file.tar.gz"]
    assert done == sorted(done), "nothing that had arrived was thrown away"


def test_a_trickle_counts_as_silence(web, get, pauses):
    trickle = Patience(clock=Ticking(20), stalled_bytes_per_s=1e9, sleep=pauses.append)
    assert "127.0.0.1 fell silent." in refusal(get, web.serve(behaviour.well), patience=trickle)
    assert pauses == [1, 2, 4]


class Ticking:
    """A clock on which time passes only when somebody looks."""

    def __init__(self, seconds_a_look: float) -> None:
        self.now, self.step = 0.0, seconds_a_look

    def __call__(self) -> float:
        self.now += self.step
        return self.now


# --- it ends in the right sentence


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (behaviour.status(404), "127.0.0.1 answered 404"),
        (behaviour.status(500), "127.0.0.1 answered 500"),
        (behaviour.instead(b"y" * SIZE), "127.0.0.1 has a file with another content"),
        (behaviour.instead(b"short"), "127.0.0.1 has a file of another size"),
        (behaviour.endless, "127.0.0.1 has a file with another content"),
        (behaviour.cut_after(0), "127.0.0.1 cut the connection"),
        (behaviour.silent_after(0), "127.0.0.1 fell silent"),
        (behaviour.status(302, Location="file:///etc/hostname"), "leads to no file on the web"),
    ],
    ids=["404", "500", "wrong content", "wrong size", "endless", "cut", "silent", "to a file"],
)
def test_where_no_source_is_left_the_reason_is_told(web, get, tmp_path, behave, words):
    said = refusal(get, web.serve(behave))
    assert said.startswith("file.tar.gz could not be downloaded: 127.0.0.1 ")
    assert f"{words}. Try again later, copy the file into {tmp_path}" in said
    assert left_in(tmp_path) <= {"file.tar.gz.part"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < SIZE


def test_offline_it_says_what_to_do_at_once(get, tmp_path, pauses):
    said = refusal(get, NOWHERE, NOWHERE + "?")
    assert "seems to be offline. Copy the file into " + str(tmp_path) in said
    assert "built-in set" in said
    assert pauses == []


def test_what_has_arrived_is_kept_for_the_next_time(web, get, tmp_path):
    dying = behaviour.then(behaviour.cut_after(90_000), behaviour.status(404))
    refusal(get, web.serve(dying))
    assert (tmp_path / "file.tar.gz.part").read_bytes() == CONTENT[:90_000]


def test_the_pauses_between_tries_grow(web, get, pauses):
    refusal(get, web.serve(behaviour.status(503)))
    assert pauses == [1, 2, 4]
    assert len(web.asked) == 4


def test_a_full_disk_is_noticed_before_anything_is_asked(web, get, monkeypatch):
    nearly_full = SimpleNamespace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: nearly_full)
    assert "has 0 MB left" in refusal(get, web.serve(behaviour.well))
    assert web.asked == []


def test_a_folder_that_takes_no_file_is_told(web, get, tmp_path):
    (tmp_path / "file.tar.gz.part").mkdir()
    assert "cannot be written to" in refusal(get, web.serve(behaviour.well))


# --- two at once, and an end from outside


def test_of_two_at_once_one_downloads_and_both_have_it(web, get):
    begun = threading.Event()

    def slowly(request):
        begun.wait(10)
        behaviour.well(request)

    source, told, found = web.serve(slowly), [], []

    def note(arrived: Arrived):  # the second one waits: now the first may go on
        told.append(arrived)
        begun.set()

    def tell(arrived: Arrived):
        if arrived.done == 0:
            thread.start()

    thread = threading.Thread(target=lambda: found.append(get(source, told=note)))
    assert get(source, told=tell, patience=Patience()) == CONTENT
    thread.join(10)
    assert found == [CONTENT]
    assert len(web.asked) == 1
    assert told[0] == Arrived(0, SIZE)


def test_an_end_from_outside_keeps_the_part(web, get, tmp_path, monkeypatch):
    class Ended(BaseException):
        pass

    def tell(arrived: Arrived):
        if arrived.done > 100_000:
            raise Ended

    monkeypatch.setattr(download_module, "_BLOCK", 16_384)
    with pytest.raises(Ended):
        get(web.serve(behaviour.well), told=tell)
    kept = (tmp_path / "file.tar.gz.part").read_bytes()
    assert 100_000 < len(kept) < SIZE
    assert kept == CONTENT[: len(kept)]
    assert get(web.serve(behaviour.well)) == CONTENT
    assert ranges(web)[-1] == f"bytes={len(kept)}-"


def test_it_tells_how_far_it_is_and_from_where(web, get):
    told: list[Arrived] = []
    get(web.serve(behaviour.well), told=told.append)
    assert (told[0].done, told[-1].done) == (0, SIZE)
    assert {(a.total, a.source) for a in told} == {(SIZE, "127.0.0.1")}


# --- the sources


def test_there_is_one_list_of_sources_and_the_official_one_leads_it():
    assert choose_sources(CIFAR10_ARCHIVE) == CIFAR10_ARCHIVE.sources
    assert CIFAR10_ARCHIVE.sources[0].startswith("https://www.cs.toronto.edu/")
    assert all(source.startswith("https://") for source in CIFAR10_ARCHIVE.sources)


def test_others_can_be_named(monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", " http://a/x \n https://b/y ")
    assert choose_sources(CIFAR10_ARCHIVE) == ("http://a/x", "https://b/y")
    assert choose_sources(CIFAR10_ARCHIVE, ["http://c"]) == ("http://c",)


@pytest.mark.parametrize("wrong", ["file:///etc/passwd", "ftp://a/b", "a/b", "http://", "http://["])
def test_only_addresses_of_the_web_are_taken(wrong):
    assert "no address of a file on the web" in refusal(choose_sources, CIFAR10_ARCHIVE, [wrong])
