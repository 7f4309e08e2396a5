"""``evaluate``, ``predict``, ``inspect`` and ``export``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from torch import Tensor

from cifar_core.checkpoint import Model, load_model
from cifar_core.cli.data_commands import open_with_bar
from cifar_core.cli.output import print_json, progress_bar
from cifar_core.config import BUILTIN, MODELS, TrainConfig
from cifar_core.data.extra_tests import list_extra_tests, open_extra_test, read_extra_test
from cifar_core.data.image_set import ImageSet, Subset, whole
from cifar_core.data.splits import split_images
from cifar_core.devices import resolve_device
from cifar_core.errors import ConfigError, DatasetError, ImageError
from cifar_core.evaluation import format_evaluation, score_logits
from cifar_core.export import export_model
from cifar_core.inference import compute_logits
from cifar_core.inspection import as_text, layer_table
from cifar_core.library import model_file
from cifar_core.mcnemar import SIGNIFICANT_BELOW, Disagreement, compare_answers
from cifar_core.metrics import brier_score, check_logits
from cifar_core.model_info import HEADER_KEY
from cifar_core.openings import note_opening
from cifar_core.pictures import open_picture
from cifar_core.prediction import Prediction, predict_pictures
from cifar_core.workspace import Workspace


def run_evaluate(options: argparse.Namespace) -> int:
    """Measure a model on the test part of a set."""
    model, workspace = _load(options), Workspace.default()
    model.network.to(resolve_device(options.device))
    source = options.data or (model.info.config or {}).get("data") or BUILTIN
    fit = options.fit or model.info.fit
    data = open_with_bar(source, workspace, quiet=options.json, fit=fit)
    _check_classes(model, data)
    extra = [_open_extra(text, workspace, model, data, fit) for text in options.extra]
    config = TrainConfig(data=source, batch_size=1, test_size=options.test_size, seed=options.seed)
    other = _load_other(options, model)
    _evaluate(model, other, data.name, split_images(data, config).test, options)
    for each in extra:
        _evaluate(model, other, each.name, whole(each), options)
    return 0


def _load_other(options: argparse.Namespace, model: Model) -> Model | None:
    """Load the network to compare with; its answers must be for the same classes."""
    if options.compare is None:
        return None
    other = load_model(model_file(Workspace.default(), options.compare))
    if other.info.config is not None and model.info.config is not None:
        same = other.info.classes == model.info.classes
    else:
        same = len(other.info.classes) == len(model.info.classes)
    if not same:
        raise DatasetError(
            f"--compare names a network with the classes {', '.join(other.info.classes)[:200]}; "
            f"expected {', '.join(model.info.classes)[:200]}."
        )
    other.network.to(resolve_device(options.device))
    return other


def _open_extra(
    text: str, workspace: Workspace, model: Model, data: ImageSet, fit: str
) -> ImageSet:
    """Open an extra test set by its name in the workspace, or read it from a path."""
    # A bare state_dict has no class names of its own: see _check_classes.
    classes = data.classes if model.info.config is None else model.info.classes
    if text not in {test.name for test in list_extra_tests(workspace)} and Path(text).exists():
        return read_extra_test(Path(text), workspace, classes, fit=fit)
    return open_extra_test(workspace, text, classes)


def _evaluate(
    model: Model, other: Model | None, name: str, test: Subset, options: argparse.Namespace
) -> None:
    logits = _answer(model, name, test, options)
    evaluation = score_logits(logits, test.labels, test.source.classes)
    found = None
    if other is not None:
        others = _answer(other, name, test, options)
        found = compare_answers(logits.argmax(1) == test.labels, others.argmax(1) == test.labels)
    if options.json:
        extra = {"brier": brier_score(logits, test.labels)}
        print_json({"type": "evaluation", "data": name, **evaluation.to_dict(), **extra})
        if found:
            print_json({"type": "comparison", "data": name, **found.to_dict()})
        return
    if options.extra:
        print(f"\n{name}")
    print(format_evaluation(evaluation))
    if found:
        print(f"\n{_comparison_words(found)}")


def _answer(model: Model, name: str, test: Subset, options: argparse.Namespace) -> Tensor:
    """Return a network's answers to test images, and count that they were looked at."""
    note_opening(Workspace.default(), test.source.fingerprint, model.info.weights_sha256)
    with progress_bar(f"evaluating on {name}", quiet=options.json) as told:
        logits = compute_logits(
            model.network, test, model.info.preprocessing,
            device=resolve_device(options.device), progress=told,
        )  # fmt: skip
    check_logits(logits, test.source.num_classes)
    return logits


def _comparison_words(found: Disagreement) -> str:
    verdict = "no more than chance explains"
    if found.p_value < SIGNIFICANT_BELOW:
        better = "this network" if found.only_first > found.only_second else "the other one"
        verdict = f"{better} is better on images like these"
    return (
        f"only this network is right on {found.only_first:,} images, only the other one on "
        f"{found.only_second:,}; both on {found.both_right:,}, neither on {found.both_wrong:,}\n"
        f"McNemar's test: p = {found.p_value:.3g}, {verdict}"
    )


def run_predict(options: argparse.Namespace) -> int:
    """Classify pictures; one that cannot be read is told, and the others are still answered."""
    if options.top_k < 1:
        raise ConfigError(f"--top-k is {options.top_k}; expected at least 1.")
    model, device = _load(options), resolve_device(options.device)
    model.network.to(device)
    failed = False
    for name in options.images:
        try:
            picture = open_picture(Path(name))
        except ImageError as error:
            failed = True
            print(f"error: {error}", file=sys.stderr)
            continue
        answer = predict_pictures(
            model.network, [picture], model.info.classes,
            model.info.preprocessing, fit=options.fit or model.info.fit,
            device=device,
        )[0]  # fmt: skip
        _print_prediction(name, answer, options)
    return 2 if failed else 0


def run_inspect(options: argparse.Namespace) -> int:
    """Show layers, size and provenance of a model."""
    model = _load(options)
    rows = layer_table(model.network)
    if options.json:
        layers = [vars(row) for row in rows]
        print_json({"type": "model", **model.info.to_dict(), "layers": layers})
        return 0
    print(as_text(rows))
    print()
    for name, value in _provenance(model).items():
        print(f"{name:<14} {value}")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write a model for use elsewhere."""
    out = Path(options.out)
    if not out.parent.is_dir():
        raise ConfigError(f"--out is {out}, but the folder {out.parent} does not exist.")
    if out.is_dir():
        raise ConfigError(f"--out is {out}, which is a folder; expected a file name.")
    model = _load(options)
    metadata = {HEADER_KEY: model.info.to_json()}
    export_model(model.network, out, format=options.format, metadata=metadata)
    if options.json:
        print_json({"type": "export", "file": str(out), "bytes": out.stat().st_size})
    else:
        print(f"Wrote {out} ({out.stat().st_size / 1e6:.2f} MB).")
    return 0


def _load(options: argparse.Namespace) -> Model:
    if options.model is not None and options.model not in MODELS:
        raise ConfigError(f"--model is {options.model!r}; expected one of {', '.join(MODELS)}.")
    path = model_file(Workspace.default(), options.checkpoint)
    return load_model(path, model=options.model)


def _check_classes(model: Model, data: ImageSet) -> None:
    expected, found = model.info.classes, data.classes
    if len(expected) != len(found):
        raise DatasetError(
            f"The model tells {len(expected)} classes apart, but {data.name} has {len(found)}; "
            "expected the same classes."
        )
    # A bare state_dict carries no class names: its numbers are taken as the set's.
    if model.info.config is not None and expected != found:
        raise DatasetError(
            f"The model's classes are {', '.join(expected)}; {data.name} has {', '.join(found)}. "
            "Expected the same names in the same order."
        )


def _print_prediction(name: str, answer: Prediction, options: argparse.Namespace) -> None:
    top = answer.top(options.top_k)
    if options.json:
        ranked: list[dict[str, Any]] = [{"class": c, "probability": p} for c, p in top]
        print_json({"type": "prediction", "image": name, "top": ranked})
    else:
        print(f"{name}: " + ", ".join(f"{c} {100 * p:.1f} %" for c, p in top))


def _provenance(model: Model) -> dict[str, str]:
    info = model.info
    test = info.metrics.get("test")
    lines = {
        "network": info.model,
        "classes": ", ".join(info.classes),
        "fit": info.fit,
        "normalisation": f"mean {_triple(info.normalization.mean)}, "
        f"std {_triple(info.normalization.std)}",
        "trained on": str(info.data.get("name", "unknown: the file carries no description")),
        "run": f"{info.run_id}, epoch {info.epoch}, step {info.step}" if info.run_id else "unknown",
        "versions": ", ".join(f"{k} {v}" for k, v in info.versions.items()) or "unknown",
        "weights sha256": info.weights_sha256 or "not recorded",
    }
    if isinstance(test, dict) and "accuracy" in test:
        lines["test accuracy"] = (
            f"{100 * test['accuracy']:.2f} % ({100 * test['accuracy_low']:.2f} to "
            f"{100 * test['accuracy_high']:.2f} %)"
        )
    return lines


def _triple(values: tuple[float, float, float]) -> str:
    return " ".join(f"{v:.4g}" for v in values)
