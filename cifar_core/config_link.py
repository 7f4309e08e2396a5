"""Settings as the words of a link, and back: ``?epochs=3&model=vgg``.

A link says only what differs from the defaults. It may come from anybody: what makes no sense is
left out and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cifar_core.config import DEFAULTS, FIELDS, KINDS, checked_value
from cifar_core.errors import ConfigError

NONE_WORD = "none"


@dataclass(frozen=True)
class LinkedSettings:
    """What a link says.

    Attributes:
        values: by field, each in its type and within its bounds; how they fit together is for
            ``TrainConfig`` to check.
        problems: a sentence for each word that was left out.
    """

    values: dict[str, Any]
    problems: tuple[str, ...] = ()


def read_link(query: Mapping[str, str]) -> LinkedSettings:
    """Return the settings in the words of a link; words that are no setting are passed over."""
    values, problems = {}, []
    for name in FIELDS:
        if name in query:
            try:
                values[name] = checked_value(name, _value_of(name, query[name]))
            except ConfigError as error:
                problems.append(str(error))
    return LinkedSettings(values, tuple(problems))


def write_link(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the words of a link to these settings.

    Args:
        values: by field; fields left out have their defaults.
    """
    return {name: _text_of(value) for name, value in values.items() if value != DEFAULTS[name]}


def _text_of(value: Any) -> str:
    if value is None:
        return NONE_WORD
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value_of(name: str, text: str) -> Any:
    """Return the value that a text stands for, or the text where it stands for none."""
    kind, optional = KINDS[name]
    if optional and text == NONE_WORD:
        return None
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    try:
        return kind(text)
    except ValueError:
        return text
