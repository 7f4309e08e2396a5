"""One option for each field of ``TrainConfig``, made from the field's own help and bounds."""

import argparse
from typing import Any

from cifar_core.config import DEFAULTS, FIELDS, KINDS, describe_range
from cifar_core.errors import ConfigError

_NONE_WORDS = ("none", "all", "off")


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the options; those not given leave no trace in the parsed namespace."""
    group = parser.add_argument_group("settings")
    for name in FIELDS:
        flag = "--" + name.replace("_", "-")
        if KINDS[name][0] is bool:
            group.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS,
                help=_help_text(name),
            )  # fmt: skip
        else:
            group.add_argument(
                flag, default=argparse.SUPPRESS, metavar=_metavar(name), help=_help_text(name)
            )


def given_values(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given as options, in their types.

    Raises:
        ConfigError: a text is no number where one is expected.
    """
    texts = {name: getattr(options, name) for name in FIELDS if hasattr(options, name)}
    return {name: parse_value(name, text) for name, text in texts.items()}


def parse_value(name: str, text: Any) -> Any:
    """Return a setting's text in its field's type; bounds are checked by ``TrainConfig``."""
    kind, optional = KINDS[name]
    if kind is bool:
        return text
    if optional and text.lower() in _NONE_WORDS:
        return None
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}; expected {describe_range(name)}.") from None


def _help_text(name: str) -> str:
    default = DEFAULTS[name]
    text = f"{FIELDS[name].help} ({describe_range(name)}; default: "
    text += "none" if default is None else str(default).lower() if default in (True, False) and (
        KINDS[name][0] is bool) else str(default)  # fmt: skip
    return (text + ")").replace("%", "%%")


def _metavar(name: str) -> str:
    if FIELDS[name].choices:
        return "{" + ",".join(FIELDS[name].choices) + "}"
    return {int: "N", float: "X", str: "TEXT"}[KINDS[name][0]]
