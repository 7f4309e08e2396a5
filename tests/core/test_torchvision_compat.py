import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cifar_core import torchvision_compat

ROOT = Path(__file__).parents[2]
SHIM = ROOT / "cifar_core" / "torchvision_compat.py"


def run(code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


FROM_THREADS_THEN_AGAIN = """
import importlib, threading
errors = []
def go():
    try:
        from cifar_core.torchvision_compat import models
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=go) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
import cifar_core.torchvision_compat as compat
importlib.reload(compat)  # as Streamlit does after an edit
assert compat.datasets.CIFAR10 and compat.models.resnet18
raise SystemExit(len(errors))
"""
AFTER_A_BARE_IMPORT = """
try:
    import torchvision
except Exception:
    pass  # half way
from cifar_core.torchvision_compat import datasets
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [FROM_THREADS_THEN_AGAIN, AFTER_A_BARE_IMPORT])
def test_it_imports_in_a_fresh_interpreter_without_a_warning(code):
    result = run(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_reloading_here_works_and_changes_nothing_for_those_who_have_it():
    models = torchvision_compat.models
    again = importlib.reload(torchvision_compat)
    assert again.models is models and hasattr(again.datasets, "CIFAR10")


def test_the_operators_exist_so_that_a_network_can_be_built():
    assert torch.ops.torchvision.nms and torch.ops.torchvision.qnms
    with torch.device("meta"):
        assert torchvision_compat.models.resnet18(num_classes=10)


def test_operators_are_defined_only_where_the_native_library_does_not_load(monkeypatch):
    defined = []
    monkeypatch.setattr(torch.library, "define", lambda name, schema: defined.append(name))
    torchvision_compat._define_missing_operators()
    assert defined == []  # they are there: a second execution defines none
    monkeypatch.setattr(torch, "ops", type("Ops", (), {"torchvision": object()}))
    torchvision_compat._define_missing_operators()
    assert defined == ["torchvision::nms", "torchvision::qnms"]


def test_whether_the_native_library_loads_is_tried_out(monkeypatch):
    def fails(path):
        raise OSError("libc10_cuda.so: cannot open shared object file")

    monkeypatch.setattr(torch.ops, "load_library", fails)
    assert torchvision_compat._native_library_loads() is False
    loaded = []
    monkeypatch.setattr(torch.ops, "load_library", loaded.append)
    found = torchvision_compat._native_library_loads()
    assert found is bool(loaded) and len(loaded) <= 1


def test_a_missing_torchvision_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="torchvision is not installed"):
        torchvision_compat._native_library_loads()


def imports_torchvision(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        if any(name.split(".")[0] == "torchvision" for name in names):
            return True
    return False


def test_nothing_else_in_the_repository_imports_torchvision_directly():
    files = [
        path
        for folder in ("cifar_core", "dashboard", "pages", "benchmarks", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert SHIM in files and len(files) > 50
    assert [path for path in [*files, *ROOT.glob("*.py")] if imports_torchvision(path)] == [SHIM]
