"""What the Evaluate page shows before there is anything to evaluate."""

import streamlit as st

from dashboard.i18n import _
from dashboard.navigation import page


def show_no_model() -> None:
    """Say that a model is needed, and lead to where one comes from."""
    with st.container(border=True):
        st.markdown(
            _("**No model yet.** Train one, or bring one from elsewhere, and test it here.")
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Train your first network"), key="evaluate_train", type="primary",
                icon=":material/show_chart:",
            ):  # fmt: skip
                st.switch_page(page("train"))
            st.page_link(page("models"), label=_("Bring a model"))


def show_no_images() -> None:
    """Say that no images with the model's classes are ready, and lead to where they come from."""
    with st.container(border=True):
        st.markdown(_("No images with the classes of this model are ready on this machine."))
        st.page_link(page("dataset"), label=_("Get a data set"))
