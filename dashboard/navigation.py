"""The pages: their files, names, addresses and icons.

``page("train")`` is what ``st.page_link`` and ``st.switch_page`` want. A page whose file does not
exist is left out of the menu.
"""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.i18n import _

PAGES_DIR = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True)
class Place:
    """Where a page is and how the menu shows it."""

    file: str
    icon: str


PLACES = {
    "home": Place("0_Home.py", ":material/home:"),
    "dataset": Place("1_Dataset.py", ":material/grid_view:"),
    "train": Place("2_Train.py", ":material/show_chart:"),
    "runs": Place("3_Runs.py", ":material/compare_arrows:"),
    "evaluate": Place("4_Evaluate.py", ":material/rule:"),
    "predict": Place("5_Predict.py", ":material/image_search:"),
    "models": Place("6_Models.py", ":material/deployed_code:"),
    "learn": Place("7_Learn.py", ":material/school:"),
}
"""By name, which is also the address; home is at ``/``. In the order of the menu."""


def exists(name: str) -> bool:
    """Whether the page of this name has a file."""
    return (PAGES_DIR / PLACES[name].file).is_file()


def page(name: str) -> st.Page:
    """Return the page of this name, titled in the visitor's language.

    Args:
        name: a key of ``PLACES`` whose page exists.
    """
    place = PLACES[name]
    return st.Page(
        PAGES_DIR / place.file,
        title=_titles()[name],
        icon=place.icon,
        url_path=name,
        default=name == "home",
    )


def pages() -> list[st.Page]:
    """Return the pages of the menu, in its order."""
    return [page(name) for name in PLACES if exists(name)]


def _titles() -> dict[str, str]:
    return {
        "home": _("Home"),
        "dataset": _("Dataset"),
        "train": _("Train"),
        "runs": _("Runs"),
        "evaluate": _("Evaluate"),
        "predict": _("Predict"),
        "models": _("Models"),
        "learn": _("Learn"),
    }
