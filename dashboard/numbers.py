"""Numbers as people say them. Pure, but for the visitor's language."""

import time

from dashboard.i18n import _, ngettext


def percent(share: float, digits: int = 1) -> str:
    """Return a share from 0 to 1 as "63.4 %"."""
    return f"{share * 100:.{digits}f} %"


def count(number: float) -> str:
    """Return a whole number with its thousands apart: "12,000"."""
    return f"{round(number):,}"


def megabytes(num_bytes: float) -> str:
    """Return a size as "1.2 MB", below a tenth of a megabyte as "34 kB"."""
    if num_bytes < 1e5:
        return f"{num_bytes / 1e3:,.0f} kB"
    return f"{num_bytes / 1e6:,.1f} MB" if num_bytes < 1e8 else f"{num_bytes / 1e6:,.0f} MB"


def duration(seconds: float) -> str:
    """Return a span of time in its two largest units: "1 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{s} s").format(s=whole)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        text = _("{min} min").format(min=minutes)
        return text + (" " + _("{s} s").format(s=rest) if rest and minutes < 10 else "")
    hours, minutes = divmod(round(whole / 60), 60)
    text = _("{h} h").format(h=hours)
    return text + (" " + _("{min} min").format(min=minutes) if minutes else "")


def ago(timestamp: float, *, now: float | None = None) -> str:
    """Return how long ago a moment was: "just now", "5 min ago", "3 h ago", "2 days ago".

    Args:
        timestamp: seconds since 1970, UTC.
        now: likewise; the present where it is left out.
    """
    seconds = (time.time() if now is None else now) - timestamp
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return _("{min} min ago").format(min=int(seconds // 60))
    if seconds < 86_400:
        return _("{h} h ago").format(h=int(seconds // 3600))
    days = int(seconds // 86_400)
    return ngettext("{days} day ago", "{days} days ago", days).format(days=days)
