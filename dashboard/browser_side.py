"""Reads the files of ``browser/``, the part of our components that runs in the browser."""

from pathlib import Path

BROWSER_DIR = Path(__file__).parent / "browser"


def read_source(*names: str) -> str:
    """Return files as one text: the code of a component is one module."""
    return "\n".join((BROWSER_DIR / name).read_text(encoding="utf-8") for name in names)
