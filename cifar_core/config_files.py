"""Read and write a ``TrainConfig`` as TOML or JSON, by the file's ending."""

import json
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from cifar_core.config import TrainConfig
from cifar_core.errors import ConfigError
from cifar_core.files import write_atomically


def read_config_values(path: Path) -> dict[str, Any]:
    """Return the settings that a file names, unchecked.

    Raises:
        ConfigError: the file is missing, is neither ``.toml`` nor ``.json``, or cannot be parsed.
    """
    parse = {".toml": tomllib.loads, ".json": json.loads}.get(path.suffix.lower())
    if parse is None:
        raise ConfigError(f"{path} is no settings file; expected a name ending in .toml or .json.")
    try:
        values = parse(path.read_text(encoding="utf-8-sig"))  # Windows editors put a mark first
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # of both parsers, and bytes that are no text
        raise ConfigError(f"{path} is not valid {path.suffix[1:].upper()}: {error}.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds a {type(values).__name__}; expected a table of settings.")
    return values


def read_config(path: Path) -> TrainConfig:
    """Return the checked config in a file; see ``read_config_values`` and ``TrainConfig``."""
    return TrainConfig.from_dict(read_config_values(path))


def config_to_text(config: TrainConfig, suffix: str) -> str:
    """Return the config as TOML (``.toml``: a None is left out) or JSON (``.json``)."""
    values = config.to_dict()
    if suffix == ".json":
        return json.dumps(values, indent=2) + "\n"
    return tomli_w.dumps({name: value for name, value in values.items() if value is not None})


def write_config(config: TrainConfig, path: Path) -> None:
    """Write the config so that ``read_config`` gives an equal one.

    Raises:
        ConfigError: the file's ending is neither ``.toml`` nor ``.json``, or it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".toml", ".json"):
        raise ConfigError(f"{path} is no settings file; expected a name ending in .toml or .json.")
    try:
        write_atomically(path, config_to_text(config, suffix).encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    except UnicodeEncodeError as error:  # of a folder named in an old encoding; JSON escapes it
        raise ConfigError(f"{path} cannot be written: {error}; write a .json file.") from error
