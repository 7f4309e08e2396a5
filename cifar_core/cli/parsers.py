"""What every command's parser is made of."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import NoReturn

BAD_INPUT = 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage text."""

    def error(self, message: str) -> NoReturn:
        """Say it and exit with code 2."""
        self.exit(BAD_INPUT, f"error: {message}. See {self.prog} --help.\n")


def add_command(
    commands: "argparse._SubParsersAction[Parser]",
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """Add a command, with its ``--json``, and return its parser.

    Args:
        commands: gets the command.
        name: of the command.
        text: what it does, in small letters and without a full stop.
        run: carries it out and returns the exit code.
    """
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.set_defaults(run=run)
    return parser


def lazily(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Import a command when it is called: --help and ``runs`` need no torch (two seconds)."""

    def run(options: argparse.Namespace) -> int:
        return int(getattr(import_module(f"cifar_core.cli.{module}"), function)(options))

    return run
