"""CIFAR-10 where no copy of it is on this machine: the offer to get it, and how far that is."""

import time

import streamlit as st

from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data.cifar10 import ARCHIVE_NAME, FOLDER_NAME
from cifar_core.data.download_files import (
    give_up_damaged_cifar10,
    is_cifar10_damaged,
    part_of_cifar10,
)
from cifar_core.data.download_sources import CIFAR10_ARCHIVE, choose_sources, host_of
from cifar_core.data_jobs import DataJob, start_preparing
from cifar_core.errors import DatasetError
from dashboard.dataset_address import show_source
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import duration, megabytes, percent
from dashboard.sentences import translated
from dashboard.services import get_workspace

_SILENCE_S = 3.0
"""After so long without a word, the last speed is no longer true."""

CIFAR10_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar.html"


def offer_download() -> None:
    """Say what would be downloaded, from where and to where, and offer to do it."""
    st.markdown(
        _(
            "CIFAR-10 is not on this machine yet: 60,000 small photographs in ten classes. The "
            "download has {size} and goes into this folder:"
        ).format(size=megabytes(CIFAR10_ARCHIVE.size))
    )
    st.code(str(get_workspace().data_dir), language=None)
    with st.container(horizontal=True):
        st.button(
            _("Get CIFAR-10"), key="dataset_download", type="primary", icon=":material/download:",
            on_click=_start,
        )  # fmt: skip
        st.button(_("Look again"), key="dataset_look_again")
        st.button(
            _("Show the built-in drawings"), key="dataset_to_builtin",
            on_click=show_source, args=(BUILTIN,),
        )  # fmt: skip
    _say_what_has_arrived()
    _say_where_from()
    st.caption(
        _(
            "Do you have it already? Put `{archive}` from [its home page]({address}), or the "
            "unpacked folder `{folder}`, into the folder above and look again."
        ).format(archive=ARCHIVE_NAME, folder=FOLDER_NAME, address=CIFAR10_ADDRESS)
    )


def _start() -> None:
    start_preparing(get_workspace(), CIFAR10)  # without a copy that is a download first


def offer_to_download_anew() -> None:
    """Offer to replace an archive that cannot be the official one, judged by its size."""
    if is_cifar10_damaged(get_workspace()):
        st.button(
            _("Download it again"), key="dataset_download_again", icon=":material/download:",
            help=_("Where the file here is only cut short, the download goes on from its end."),
            on_click=_start_anew,
        )  # fmt: skip


def _start_anew() -> None:
    give_up_damaged_cifar10(get_workspace())
    _start()


def _say_what_has_arrived() -> None:
    arrived = part_of_cifar10(get_workspace())
    if arrived:
        st.caption(
            _("{done} of {total} are here from before; the download goes on from there.").format(
                done=megabytes(arrived), total=megabytes(CIFAR10_ARCHIVE.size)
            )
        )


def _say_where_from() -> None:
    try:
        hosts = dict.fromkeys(host_of(source) for source in choose_sources(CIFAR10_ARCHIVE))
    except DatasetError as error:  # a wrong address in the environment
        st.error(plain(translated(str(error))))
        return
    st.caption(
        _(
            "Asked in this order, the next one where one fails or is slow: {hosts}. The file is "
            "checked before it is used."
        ).format(hosts=" · ".join(f"`{host}`" for host in hosts))
    )


def download_text(job: DataJob) -> str:
    """Return what stands over the bar of a download."""
    text = _("Downloading CIFAR-10")
    return f"{text} · {percent(job.share, 0)}" if job.total else f"{text} …"


def download_details(job: DataJob) -> str:
    """Return how much of a download is here, how fast it comes, how long it takes and from where.

    Empty before the first source is asked.
    """
    if not job.total:
        return ""
    parts = [
        _("{done} of {total}").format(done=megabytes(job.done), total=megabytes(job.total)),
        *_pace_of(job),
        _("from {host}").format(host=f"`{job.source}`")
        if job.source
        else _("another process downloads it"),
    ]
    return " · ".join(parts)


def _pace_of(job: DataJob) -> list[str]:
    if job.source and time.time() - job.told_at > _SILENCE_S:
        return [_("waiting for data …")]
    if not job.bytes_per_s or job.done >= job.total:
        return []
    left_s = (job.total - job.done) / job.bytes_per_s
    return [
        _("{size} a second").format(size=megabytes(job.bytes_per_s)),
        _("about {time} left").format(time=duration(left_s)),
    ]
