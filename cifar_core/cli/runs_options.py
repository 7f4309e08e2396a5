"""The options of ``runs`` and of its actions."""

import argparse

from cifar_core.cli.parsers import Parser, add_command, lazily


def add_runs(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add ``runs`` and what can be done to runs."""
    parser = add_command(
        commands, "runs", "list the runs, newest last", lazily("runs_command", "run_runs")
    )
    actions = parser.add_subparsers(metavar="[ACTION]", parser_class=Parser)
    _add_files(actions)
    _add_care(actions)


def _add_files(actions: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        actions,
        "export",
        "write a run as a file, to keep or to use elsewhere",
        lazily("runs_files", "run_export"),
    )
    parser.add_argument("run_id", metavar="RUN", help="its id, as 'runs' lists it")
    parser.add_argument("out", metavar="OUT", help="the file to write; for tensorboard the folder "
                        "of logs, which gets a folder for the run")  # fmt: skip
    parser.add_argument("--format", choices=("zip", "steps", "epochs", "toml", "tensorboard"),
                        default="zip", help="zip: everything, for 'runs import'; steps, epochs: "
                        "the curves as CSV; toml: the settings, for 'train --config'; tensorboard: "
                        "the curves as an event file (default: %(default)s)")  # fmt: skip
    parser = add_command(
        actions,
        "import",
        "add a run from a zip file that 'runs export' wrote",
        lazily("runs_files", "run_import"),
    )
    parser.add_argument("file", metavar="FILE", help="the .zip file")


def _add_care(actions: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        actions,
        "delete",
        "take ended runs off the list; 'runs restore' brings them back within a week",
        lazily("runs_command", "run_delete"),
    )
    parser.add_argument("run_ids", nargs="+", metavar="RUN", help="its id, as 'runs' lists it")
    parser = add_command(
        actions,
        "restore",
        "bring deleted runs back",
        lazily("runs_command", "run_restore"),
    )
    parser.add_argument("run_ids", nargs="+", metavar="RUN", help="its id, as 'runs delete' had it")
