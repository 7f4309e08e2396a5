"""What a layer does to a picture, in a sentence for somebody who meets it for the first time."""

from dashboard.i18n import _


def layer_meaning(kind: str) -> str:
    """Say what the maps of a layer show.

    Args:
        kind: class of the layer, for example "Conv2d".
    """
    meanings = {
        "Conv2d": _(
            "Each map is one filter's answer at every place: light where it finds its pattern."
        ),
        "BatchNorm2d": _(
            "The same maps, shifted and scaled to a common range, so that learning stays even."
        ),
        "ReLU": _("What was negative is now zero: only patterns that were found go on."),
        "GELU": _("What was negative is now almost zero: only patterns that were found go on."),
        "MaxPool2d": _(
            "Of each small square only the strongest answer is left: less detail, the same finds."
        ),
        "AdaptiveAvgPool2d": _(
            "The mean of each map: how much of its pattern there is in the whole picture."
        ),
        "Linear": _(
            "No places any more: each square is one number, weighed from all numbers before it."
        ),
        "Flatten": _("The same numbers as before, in one long row, ready to be weighed."),
        "Dropout": _("Nothing changes here: numbers are dropped only while the network trains."),
        "Identity": _("Nothing changes here: the maps pass through."),
    }
    return meanings.get(kind, _("What this layer passes on to the next."))
