from pathlib import Path

from cifar_core.workspace import Workspace


def test_the_environment_names_the_workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("CIFAR_HOME", str(tmp_path / "a" / ".." / "b"))
    assert Workspace.default().root == tmp_path / "b"


def test_a_relative_name_is_made_absolute_and_a_tilde_is_home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIFAR_HOME", "here")
    assert Workspace.default().root == tmp_path / "here"
    monkeypatch.setenv("CIFAR_HOME", "~/there")
    assert Workspace.default().root == Path.home() / "there"


def test_without_a_name_it_lies_beside_the_package(monkeypatch):
    for clear in (
        lambda: monkeypatch.delenv("CIFAR_HOME"),
        lambda: monkeypatch.setenv("CIFAR_HOME", ""),
    ):
        clear()
        assert Workspace.default().root == Path(__file__).parents[2] / "workspace"
        monkeypatch.setenv("CIFAR_HOME", "x")


def test_naming_a_workspace_makes_nothing_and_asking_for_folders_makes_them(tmp_path):
    workspace = Workspace(tmp_path / "home")
    assert workspace.database_path == tmp_path / "home" / "runs.db"
    assert not workspace.root.exists()
    for folder in (workspace.data_dir, workspace.models_dir, workspace.run_dir("r1")):
        assert folder.is_dir() and workspace.root in folder.parents
    assert workspace.run_dir("r1") != workspace.run_dir("r2")
    assert workspace.data_dir == Workspace(tmp_path / "home").data_dir  # twice is no error
