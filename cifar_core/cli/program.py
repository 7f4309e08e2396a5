"""The commands and their options; torch is imported only by those that compute."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from cifar_core import __version__
from cifar_core.cli.config_options import add_config_options
from cifar_core.cli.parsers import BAD_INPUT, Parser, add_command, lazily
from cifar_core.cli.runs_options import add_runs
from cifar_core.config import FITS
from cifar_core.errors import WorkbenchError
from cifar_core.presets import PRESET_NAMES

_DATA_HELP = "'builtin', 'cifar10', or the path of an image folder or archive"
_CHECKPOINT_HELP = (
    "a model of the workspace or one that comes with the program, by its id (see 'models'), or a "
    "model file: ours (.safetensors), or a bare state_dict (.pt, .pth, .safetensors) that is "
    "recognised by its keys and shapes"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except WorkbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader, for example head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="python -m cifar_core",
        description="Train, evaluate and use image classifiers on CIFAR-10 and sets like it.",
    )
    parser.add_argument("--version", action="version", version=f"cifar_core {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    _add_train(commands)
    _add_lr_find(commands)
    add_runs(commands)
    _add_doctor(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    _add_inspect(commands)
    _add_export(commands)
    _add_data(commands)
    _add_models(commands)
    return parser


def _add_train(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "train",
        "train a network, test it, and keep it",
        lazily("training_command", "run_train"),
    )
    parser.add_argument("--out", metavar="FILE", help="also write the final model here; the "
                        "ending tells the format: .safetensors, .pt or .onnx")  # fmt: skip
    parser.add_argument("--name", default="", help="what you call this run")
    parser.add_argument("--config", metavar="FILE", help="read settings from a .toml or .json "
                        "file; options given here go before it")  # fmt: skip
    parser.add_argument("--preset", choices=PRESET_NAMES, help="begin with settings that go well "
                        "together, adapted to the images; settings from a file or given here go "
                        "before them")  # fmt: skip
    parser.add_argument("--minutes", type=float, metavar="X", help="as many epochs as end within "
                        "so many minutes here, test included; measured for seconds")  # fmt: skip
    parser.add_argument("--save-config", metavar="FILE", help="write the settings of this run as "
                        ".toml or .json before it starts")  # fmt: skip
    parser.add_argument("--start-from", metavar="MODEL_FILE_OR_RUN", help="begin "
                        "with the weights of a model, or of a run, instead of random ones: a new "
                        "run of its own")  # fmt: skip
    parser.add_argument("--resume", metavar="RUN_OR_CHECKPOINT", help="continue a run that "
                        "stopped, failed or was killed, exactly where its last checkpoint is; "
                        "named by its run_id, its folder or a file in it")  # fmt: skip
    parser.add_argument("--print-every", type=int, default=100, metavar="N", help="where the "
                        "output is no terminal: a line with the running loss every N steps, as in "
                        "the tutorial; 0 for none (default: %(default)s)")  # fmt: skip
    add_config_options(parser)


def _add_lr_find(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "lr-find",
        "find a learning rate by a short test on the chosen network and images",
        lazily("doctor_commands", "run_lr_find"),
    )
    parser.add_argument("--config", metavar="FILE", help="read settings from a .toml or .json "
                        "file; options given here go before it")  # fmt: skip
    parser.add_argument("--out", metavar="FILE", help="also write the curve as .csv")
    add_config_options(parser)


def _add_doctor(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "doctor",
        "say what is wrong with a run, and what to try instead",
        lazily("doctor_commands", "run_doctor"),
    )
    parser.add_argument("run_id", metavar="RUN", help="its id, as 'runs' lists it")


def _add_evaluate(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "evaluate",
        "measure a model on labelled images",
        lazily("model_commands", "run_evaluate"),
    )
    _add_checkpoint(parser)
    parser.add_argument("--data", default=None, help=_DATA_HELP + " (default: what the model was "
                        "trained on, else builtin)")  # fmt: skip
    parser.add_argument("--extra", action="append", default=[], metavar="NAME_OR_PATH",
                        help="also measure on an extra test set with the same classes: its name "
                        "(see 'data tests'), a folder or archive of <class>/*, or a .npy file of a "
                        "pair as CIFAR-10.1 has; may be given several times")  # fmt: skip
    parser.add_argument("--compare", metavar="MODEL", help="also measure another network on "
                        "the same images, and tell whether the difference can be chance "
                        "(McNemar's test)")  # fmt: skip
    _add_fit(parser, "that the model was trained with")
    parser.add_argument("--test-size", type=int, default=None, metavar="N",
                        help="test images to use (default: all)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="which test images, where not all (default: %(default)s)")  # fmt: skip
    _add_device(parser)


def _add_predict(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "predict",
        "classify pictures of any kind and size",
        lazily("model_commands", "run_predict"),
    )
    _add_checkpoint(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="picture files")
    parser.add_argument("--top-k", type=int, default=3, metavar="K",
                        help="how many classes to name, most likely first "
                        "(default: %(default)s)")  # fmt: skip
    _add_fit(parser, "that the model was trained with")
    _add_device(parser)


def _add_inspect(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "inspect",
        "show a model's layers, size and where it comes from",
        lazily("model_commands", "run_inspect"),
    )
    _add_checkpoint(parser)


def _add_export(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        commands,
        "export",
        "write a model for use elsewhere",
        lazily("model_commands", "run_export"),
    )
    _add_checkpoint(parser)
    parser.add_argument("--format", choices=("pt", "safetensors", "onnx"), required=True,
                        help="pt: a plain state_dict for torch.load(weights_only=True); "
                        "safetensors: weights with their description; onnx: the whole network, "
                        "checked against torch's output")  # fmt: skip
    parser.add_argument("--out", metavar="FILE", required=True, help="the file to write")


def _add_data(commands: "argparse._SubParsersAction[Parser]") -> None:
    data = commands.add_parser("data", help="prepare and describe image sets")
    actions = data.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    for name, text in (
        ("prepare", "read, draw or download the images once, so that trainings start at once"),
        ("info", "show sizes, classes and statistics of a set"),
    ):
        parser = add_command(actions, name, text, lazily("data_commands", f"run_{name}"))
        parser.add_argument("--data", default="builtin", help=_DATA_HELP + " (default: builtin)")
        _add_fit(parser, "crop", default="crop")
        if name == "prepare":
            parser.add_argument("--source", action="append", default=[], metavar="URL",
                                help="where to download the CIFAR-10 archive from; may be given "
                                "several times (default: the official address, then public "
                                "copies; or what CIFAR10_SOURCES names)")  # fmt: skip
    _add_test_sets(actions)


def _add_test_sets(actions: "argparse._SubParsersAction[Parser]") -> None:
    parser = add_command(
        actions,
        "add-test",
        "keep an extra test set, to measure models on beside their own test images",
        lazily("data_commands", "run_add_test"),
    )
    parser.add_argument("files", nargs="+", metavar="PATH", help="a folder or archive of <class>/* "
                        "or test/<class>/*, or a .npy pair: images and labels")  # fmt: skip
    parser.add_argument("--name", default="", help="what to call it (default: from the file)")
    parser.add_argument("--data", default="cifar10", help="the set whose classes it has: "
                        + _DATA_HELP + " (default: %(default)s)")  # fmt: skip
    _add_fit(parser, "crop", default="crop")
    add_command(actions, "tests", "list the extra test sets", lazily("data_commands", "run_tests"))
    parser = add_command(
        actions,
        "remove-test",
        "remove an extra test set from the workspace",
        lazily("data_commands", "run_remove_test"),
    )
    parser.add_argument("name", help="of the set")


def _add_models(commands: "argparse._SubParsersAction[Parser]") -> None:
    add_command(
        commands,
        "models",
        "list the networks that can be trained, and the trained models that there are",
        lazily("models_command", "run_models"),
    )


def _add_checkpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="MODEL", help=_CHECKPOINT_HELP)
    parser.add_argument("--model", default=None, metavar="NAME",
                        help="take a bare state_dict for this network instead of recognising "
                        "it")  # fmt: skip


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto",
                        help="where to compute (default: %(default)s)")  # fmt: skip


def _add_fit(
    parser: argparse.ArgumentParser, default_words: str, default: str | None = None
) -> None:
    parser.add_argument("--fit", choices=FITS, default=default,
                        help="how a picture that is no square becomes one: cut to its middle, "
                        "framed in grey, or stretched (default: "
                        f"{default_words})")  # fmt: skip
