"""Get images and look at them: samples, classes, pixels, and what the transforms do to them."""

from dashboard.dataset_address import open_view, publish_view
from dashboard.dataset_browser import browse_samples
from dashboard.dataset_extra_tests import show_extra_tests
from dashboard.dataset_facts import describe_set, show_cautions, show_notes
from dashboard.dataset_own import show_own_sets
from dashboard.dataset_preparation import open_source
from dashboard.dataset_source_panel import choose_fit, choose_source, source_name
from dashboard.dataset_sources import default_source
from dashboard.dataset_tabs import show_tabs
from dashboard.i18n import _
from dashboard.page import open_page
from dashboard.services import get_workspace

open_page(
    _("Dataset"),
    _("Choose the images to learn from, look at them, and see what the transforms make of them."),
)
default = default_source(get_workspace())
view = open_view(default)
source, place = choose_source(view)
fit = choose_fit(source, view)
data = open_source(source, fit)
if data is None:
    publish_view(default, data=source, fit=fit)
else:
    describe_set(data, source, fit, place)
    show_cautions(data)
    browse_samples(data, source_name(source), default)
    show_tabs(data, source)
    show_notes(data)
    show_extra_tests(data, source_name(source), fit)
show_own_sets()
