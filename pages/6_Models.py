"""Keep what networks have learned: look inside, take a model home, bring one from elsewhere."""

import streamlit as st

from cifar_core.errors import CheckpointError, ConfigError
from cifar_core.library import list_models
from dashboard import models_detail, models_gallery
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_upload import show_upload, take_added
from dashboard.page import open_page
from dashboard.sentences import translated
from dashboard.services import get_workspace

open_page(
    _("Models"),
    _("What your networks have learned: look inside, take one home as a file, or bring one here."),
)
models = list_models(get_workspace())
asked = st.query_params.get(models_gallery.PARAMETER, "")
chosen = next((entry for entry in models if entry.model_id == asked), None)
models_gallery.show_news()

if chosen:
    models_detail.show_head(chosen)
    if take_added() == chosen.model_id:
        st.success(_("Checked and accepted. It is kept here."), icon=":material/check_circle:")
    if chosen.damage:
        st.error(plain(translated(chosen.damage)))
        st.stop()
    actions, inside = st.columns([1, 2], gap="large")
    with actions:
        models_detail.show_actions(chosen)
    with inside:
        try:
            models_detail.show_inside(chosen)
        except (CheckpointError, ConfigError) as error:
            st.error(plain(translated(str(error))))
    st.stop()

if asked:
    st.warning(_("The model of this link is not here; it may have been deleted."))
gallery, upload = st.columns([2, 1], gap="large")
with gallery:
    if models:
        models_gallery.show_gallery(models)
    else:
        models_gallery.show_empty()
    models_gallery.show_deleted()
with upload:
    show_upload()
