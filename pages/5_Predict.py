"""Ask a network about a picture: what it sees, what it says, and why."""

import numpy as np
import streamlit as st

from cifar_core.errors import CheckpointError, ConfigError
from cifar_core.library import list_models
from dashboard import predict_choice, predict_views
from dashboard.i18n import _
from dashboard.last_picture import remember_picture
from dashboard.markdown import plain
from dashboard.models_waiting import first_wait
from dashboard.navigation import exists, page
from dashboard.page import open_page
from dashboard.predict_answers import answer_images
from dashboard.predict_pictures import Picture, Refused
from dashboard.sentences import translated
from dashboard.services import get_workspace

open_page(
    _("Predict"),
    _("Ask a network about a picture: what it sees, what it says, and which places decided it."),
)
models = list_models(get_workspace())
if not models:
    with st.container(border=True):
        st.markdown(_("**No model yet.** Train one, or bring one from elsewhere, and ask it here."))
        with st.container(horizontal=True, vertical_alignment="center"):
            if exists("train") and st.button(
                _("Train your first network"), key="predict_train", type="primary",
                icon=":material/show_chart:",
            ):  # fmt: skip
                st.switch_page(page("train"))
            if exists("models"):
                st.page_link(page("models"), label=_("Bring a model"))
    st.stop()

asking, answering = st.columns([1, 2], gap="large")
with asking:
    model = predict_choice.choose_model(models)
    found = predict_choice.choose_pictures(model)
    refused = [item for item in found if isinstance(item, Refused)]
    pictures = [item for item in found if isinstance(item, Picture)]
    fit = model.fit
    if any(not picture.is_small for picture in pictures):
        fit = predict_choice.choose_fit(model)

with answering:
    predict_views.show_refused(refused)
    if model.damage:
        st.error(plain(translated(model.damage)))
    elif not pictures:
        predict_views.show_hint()
    else:
        images = np.stack([picture.seen[fit] for picture in pictures])
        try:
            with first_wait(360):
                answers = answer_images(model.path, images, [item.truth for item in pictures])
            chosen = 0
            if len(pictures) > 1:
                chosen = predict_views.choose_row(pictures, images, answers)
                predict_views.show_csv(pictures, answers, refused)
            remember_picture(images[chosen], pictures[chosen].name, pictures[chosen].truth)
            predict_views.show_answer(model, pictures[chosen], images[chosen], answers[chosen])
        except (CheckpointError, ConfigError) as error:
            st.error(plain(translated(str(error))))
