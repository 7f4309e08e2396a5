"""A few validation pictures and what the network says of them, while it learns.

The component asks its own route for the newest answers every two seconds while the run goes on and
somebody looks; its bars move in place.
"""

import streamlit as st

from cifar_core.run_paths import EXAMPLES_FILE
from cifar_core.store import RunRow
from dashboard.browser_side import read_source
from dashboard.class_names import class_name
from dashboard.i18n import _
from dashboard.services import get_workspace


def example_strip(run: RunRow, *, live: bool, key: str) -> bool:
    """Draw the example pictures of a run with the answers they get.

    Args:
        run: a run of the store.
        live: whether new answers are to be expected.
        key: of the component, unique on the page.

    Returns:
        Whether there was anything to draw: a run without validation images has no examples.
    """
    examples = run.about.get("examples", [])
    if not examples or not (get_workspace().run_dir(run.run_id) / EXAMPLES_FILE).is_file():
        return False
    classes = [class_name(name) for name in run.about["data"]["classes"]]
    _EXAMPLES(
        data={
            "run": run.run_id,
            "live": live,
            "session": f"{run.pid} {run.process_started} {run.finished_at}",
            "classes": classes,
            "labels": [example["label"] for example in examples],
            "words": {
                "right": _("right"),
                "wrong": _("wrong"),
                "picture": _("Validation picture of: {label}"),
            },
        },
        key=key,
    )
    return True


_EXAMPLES = st.components.v2.component(
    "example_strip",
    html="<div class='examples-room'><div class='examples'></div></div>",
    css=read_source("examples.css"),
    js=read_source("elements.js", "examples.js"),
)
