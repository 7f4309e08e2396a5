"""Text from outside inside Streamlit's markdown: names of runs, classes, files."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def plain(text: str) -> str:
    """Return text that markdown shows as it is: no links, icons, colours or formulas."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
