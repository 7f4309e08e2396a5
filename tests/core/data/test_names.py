import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.data.names import (
    is_junk,
    is_picture_name,
    natural_key,
    readable_name,
    safe_parts,
)


@pytest.mark.parametrize("name", [".git", "._1.jpg", "__MACOSX", "Thumbs.db", "desktop.ini"])
def test_hidden_files_and_leftovers_are_junk(name: str):
    assert is_junk(name)
    assert not is_junk("x" + name)


def test_picture_endings_count_in_any_case():
    assert is_picture_name("a.jpg") and is_picture_name("A.B.TIFF")
    assert not is_picture_name("jpg") and not is_picture_name("a.jpg.exe")


def test_numbers_in_names_sort_as_numbers():
    names = ["b", "a10", "a9", "a", "10", "9", "a9b", "٣"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "a9", "a9b", "a10", "b", "٣"]


@given(st.lists(st.text(max_size=6) | st.text("0a", max_size=6)))
def test_any_names_have_one_order(names: list[str]):
    turned = names[::-1]
    assert sorted(names, key=natural_key) == sorted(turned, key=natural_key)


def test_a_number_of_thousands_of_digits_has_a_place():
    assert natural_key("9" * 10_000) > natural_key("8" * 10_000)


@given(st.binary(max_size=20))
def test_readable_names_can_always_be_encoded(odd: bytes):
    name = odd.decode(errors="surrogateescape")
    assert len(readable_name(name).encode()) >= len(odd)
    assert readable_name("größe") == "größe"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a/b.jpg", ("a", "b.jpg")),
        ("./a//b/", ("a", "b")),
        ("a\\b.jpg", ("a", "b.jpg")),
        ("a/..b/c..", ("a", "..b", "c..")),
        ("12:30.jpg", ("12:30.jpg",)),
    ],
)
def test_sound_names_are_split(name: str, parts: tuple[str, ...]):
    assert safe_parts(name) == parts


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "/", "..", "a/../b", "..\\a", "/a", "\\a", "C:a", "c:/a"),
        *("a\0", "a\x1f", "a\x7f", "x" * 256, "é" * 128, "/".join(["x" * 200] * 6)),
    ],
)
def test_unsafe_names_are_refused(name: str):
    assert safe_parts(name) is None
