"""Home, and watching runs, import no torch: a page that only looks opens at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from cifar_core.run_state import RunState
from cifar_core.worker import work

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.run()
for page in sys.argv[2:]:
    app.switch_page(page).run()
    assert not app.exception, (page, app.exception)
    assert "torch" not in sys.modules, page
"""
WATCHING = ("0_Home", "2_Train", "3_Runs")


@pytest.mark.parametrize("start", ["empty", "with a finished run"])
def test_looking_at_runs_needs_no_torch(store, tiny_config, start):
    if start != "empty":
        run_id = store.create_run(tiny_config.replace(epochs=1))
        assert work(store, run_id) == RunState.FINISHED
    pages = [f"../pages/{name}.py" for name in WATCHING if (ROOT / "pages" / f"{name}.py").exists()]
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(ROOT / "dashboard/frame.py"), *pages],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
