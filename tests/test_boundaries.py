"""The one direction of imports: pages and dashboard -> cifar_core -> torch (DESIGN.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "cifar_core").glob("**/*.py"))
DASHBOARD = sorted((ROOT / "dashboard").glob("**/*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
EVERYTHING = [ROOT / "streamlit_app.py", *CORE, *DASHBOARD, *PAGES]
SHIM = ROOT / "cifar_core" / "torchvision_compat.py"

WITHOUT_TORCH = (
    "cifar_core.config", "cifar_core.errors", "cifar_core.jobs", "cifar_core.records",
    "cifar_core.run_paths", "cifar_core.run_state", "cifar_core.standby", "cifar_core.store",
    "cifar_core.workspace",
    "cifar_core.library", "cifar_core.data.sources", "cifar_core.models.texts",
    "dashboard.curves", "dashboard.routes", "dashboard.hooks", "dashboard.services",
    "dashboard.home_cards", "dashboard.live_chart", "dashboard.security",
)  # fmt: skip
"""What Home and watching a run need."""


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere, ``from a import b`` as ``a`` and ``a.b``."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def imports_any(path: Path, *rooms: str) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in rooms}


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", CORE, ids=names(CORE))
def test_the_core_knows_no_viewer(path):
    assert not imports_any(path, "streamlit", "plotly", "dashboard", "pages", "starlette")


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_pages_are_short_and_do_not_import_each_other_or_torch(path):
    assert not imports_any(path, "pages", "torch", "streamlit_app")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("path", DASHBOARD, ids=names(DASHBOARD))
def test_the_dashboard_imports_no_page(path):
    assert not imports_any(path, "pages", "streamlit_app")


PURE = [
    path for path in DASHBOARD
    if "charts" in path.stem or path.stem in ("colours", "curves", "home", "markdown", "pictures")
]  # fmt: skip


@pytest.mark.parametrize("path", PURE, ids=names(PURE))
def test_figures_and_what_they_show_need_no_streamlit(path):
    assert not imports_any(path, "streamlit")


@pytest.mark.parametrize("path", EVERYTHING, ids=names(EVERYTHING))
def test_torchvision_comes_through_the_shim_only(path):
    assert path == SHIM or not imports_any(path, "torchvision")


@pytest.mark.parametrize("path", EVERYTHING, ids=names(EVERYTHING))
def test_no_child_process_can_run_a_page_again(path):
    assert not imports_any(path, "multiprocessing")


def test_watching_needs_no_torch():
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, name\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *WITHOUT_TORCH],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_a_relative_import_is_understood(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    module = tmp_path / "cifar_core" / "data" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text("from ..store import Store\nfrom . import names\nimport plotly.express\n")
    assert imports(module) == {
        "cifar_core.store", "cifar_core.store.Store", "cifar_core.data", "cifar_core.data.names",
        "plotly.express",
    }  # fmt: skip
    assert imports_any(module, "plotly") == {"plotly.express"}
