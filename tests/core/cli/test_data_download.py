"""CIFAR-10 from the shell: downloaded when asked for, and only then."""

import dataclasses
import hashlib
import re
import sys

import numpy as np
import pytest

from cifar_core.cli.output import download_bar
from cifar_core.cli.program import main
from cifar_core.data import download_sources, sources
from cifar_core.data.download import Arrived
from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from tests.core.data.web import Web, status, well


@pytest.fixture
def web(monkeypatch):
    """A server whose file the program takes for CIFAR-10, and finds 20 images in."""
    labels = np.arange(20) % 10
    raw = RawImages(np.zeros((20, 32, 32, 3), np.uint8), labels, 10, CIFAR10_CLASSES, "CIFAR-10")
    server = Web(b"cifar" * 60_000)
    size, md5 = len(server.content), hashlib.md5(server.content).hexdigest()
    known = dataclasses.replace(download_sources.CIFAR10_ARCHIVE, size=size, md5=md5, room=0)
    monkeypatch.setattr("cifar_core.data.download.CIFAR10_ARCHIVE", known)
    monkeypatch.setattr(sources, "read_cifar10", lambda path, scratch, progress: raw)
    server.start()
    yield server
    server.end()


def test_prepare_downloads_once(web, capsys, workspace):
    arguments = ["data", "prepare", "--data", "cifar10"]
    assert main([*arguments, "--source", web.serve(status(404)), "--source", web.serve(well)]) == 0
    said = capsys.readouterr().out
    assert f"cifar-10-python.tar.gz is in {workspace.data_dir}" in said
    assert "CIFAR-10 is ready: 10 training and 10 test images" in said
    assert main([*arguments, "--json"]) == 0
    assert len(web.asked) == 2


def test_what_goes_wrong_is_one_sentence(web, capsys):
    source = web.serve(status(404))
    assert main(["data", "prepare", "--data", "cifar10", "--source", source]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: cifar-10-python.tar.gz could not be downloaded: 127.0.0.1 answ")
    assert main(["data", "prepare", "--source", source]) == 2
    assert "--data is builtin" in capsys.readouterr().err


def test_training_downloads_nothing_but_says_what_does(web, capsys, monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", web.serve(well))
    assert main(["train", "--data", "cifar10"]) == 2
    assert "python -m cifar_core data prepare --data cifar10" in capsys.readouterr().err
    assert web.asked == []


def test_the_bar_says_how_far_it_is_and_from_where(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with download_bar("downloading") as told:
        told(Arrived(40_000_000, 170_000_000, "zenodo.org"))
        told(Arrived(80_000_000, 170_000_000))
    said = capsys.readouterr().err
    assert re.search("40.0M/170M .*, zenodo.org]", said)
    assert re.search("80.0M/170M .*, another process downloads]", said)
