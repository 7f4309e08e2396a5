"""The run that a group goes on with after torchrun started it again."""

import os
import sys

import psutil
import pytest

from cifar_core.cli.program import main
from cifar_core.restarts import interrupted_run, note_run


@pytest.fixture
def under_torchrun(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")


def test_a_group_finds_its_run_again(store, under_torchrun):
    assert interrupted_run(store) == ""
    note_run(store, "20260101-000000-abcdef")
    assert interrupted_run(store) == "20260101-000000-abcdef"


def test_another_launcher_with_the_same_number_has_other_runs(store, under_torchrun, monkeypatch):
    note_run(store, "20260101-000000-abcdef")
    began = psutil.Process(os.getppid()).create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: began + 5)
    assert interrupted_run(store) == ""


def test_outside_torchrun_every_start_is_the_first(store, monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    note_run(store, "20260101-000000-abcdef")
    assert interrupted_run(store) == ""


def test_the_command_line_starts_as_many_processes_as_it_is_told(store, tiny_folder, monkeypatch):
    class Replaced(Exception):
        """This process would be another program now."""

    def replace(program, arguments):
        raise Replaced(*arguments)

    words = ["train", "--data", str(tiny_folder), "--batch-size", "16", "--processes", "2"]
    monkeypatch.setattr(os, "execv", replace)
    monkeypatch.setattr(sys, "argv", ["cifar_core", *words])
    with pytest.raises(Replaced) as caught:
        main(words)
    assert caught.value.args[1:3] == ("-m", "torch.distributed.run")
    assert "--nproc-per-node=2" in caught.value.args and caught.value.args[-7:] == tuple(words)
    assert not store.runs()
