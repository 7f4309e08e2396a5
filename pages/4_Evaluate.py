"""Where is a network wrong, how sure is it, and is it better than another one?"""

import streamlit as st

from cifar_core.errors import CheckpointError, DatasetError
from cifar_core.library import list_models
from dashboard import evaluate_views as views
from dashboard.evaluate_compare import show_comparison
from dashboard.evaluate_progress import open_answers
from dashboard.evaluate_question import choose_question
from dashboard.evaluate_start import show_no_images, show_no_model
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_waiting import first_wait
from dashboard.page import open_page
from dashboard.sentences import translated
from dashboard.services import get_workspace

open_page(
    _("Evaluate"),
    _("See where a network is wrong, how sure it is, and whether another one is better."),
)
models = [entry for entry in list_models(get_workspace()) if not entry.damage]
if not models:
    show_no_model()
    st.stop()

try:
    with first_wait(360):
        question = choose_question(models)
    if question is None:
        show_no_images()
        st.stop()
    answers = open_answers(question.plan, key="evaluate")
    if answers is None:
        st.stop()
    evaluation = views.score(question.plan.key, question.images.classes, answers)
    views.show_numbers(question, evaluation)
    views.show_confusions(question, answers, evaluation)
    tabs = st.tabs(
        [_("Classes"), _("Worst mistakes"), _("Least certain"), _("Calibration"), _("Compare")],
        key="evaluate_tabs", on_change="rerun",
    )  # fmt: skip
    draw = (
        lambda: views.show_classes(question, evaluation),
        lambda: views.show_mistakes(question, answers),
        lambda: views.show_uncertain(question, answers),
        lambda: views.show_calibration(question, answers),
        lambda: show_comparison(question, answers, models),
    )
    for tab, draw_tab in zip(tabs, draw, strict=True):
        if tab.open:
            with tab:
                draw_tab()
except (CheckpointError, DatasetError) as error:
    st.error(plain(translated(str(error))))
