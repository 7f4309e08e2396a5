import subprocess
import sys

import pytest

from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data.sources import has_cifar10, open_data, summarise_source
from cifar_core.data.summary import read_summary
from cifar_core.errors import DatasetError


def test_a_prepared_folder_is_summarised_as_it_opens(tiny_folder, workspace):
    assert summarise_source(str(tiny_folder), workspace) is None
    data = open_data(str(tiny_folder), workspace)
    found = summarise_source(str(tiny_folder), workspace)
    assert (found.num_train, found.num_test) == (data.num_train, data.num_test) == (120, 30)
    assert (found.name, found.classes, found.drawn) == (data.name, data.classes, False)


def test_the_built_in_set_is_known_before_it_is_drawn(workspace):
    found = summarise_source(BUILTIN, workspace)
    assert (found.num_train, found.num_test, len(found.classes)) == (25_000, 5_000, 10)
    assert found.drawn


def test_cifar10_is_known_as_soon_as_its_archive_is_there(workspace):
    assert not has_cifar10(workspace)
    with pytest.raises(DatasetError, match="CIFAR-10 is not on this machine"):
        summarise_source(CIFAR10, workspace)
    (workspace.data_dir / "cifar-10-python.tar.gz").touch()
    assert has_cifar10(workspace)
    found = summarise_source(CIFAR10, workspace)
    assert (found.num_train, found.num_test, found.classes[3]) == (50_000, 10_000, "cat")


def test_a_damaged_set_is_told_in_a_sentence(workspace):
    folder = workspace.data_dir / "broken"
    folder.mkdir()
    (folder / "set.json").write_text("{}")
    with pytest.raises(DatasetError, match="not a whole prepared image set"):
        read_summary(folder)


def test_asking_what_there_is_does_not_import_torch():
    code = "import sys, cifar_core.data.sources; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
