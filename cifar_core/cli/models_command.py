"""``models``: which networks can be trained, and which trained models there are."""

import argparse
from typing import Any

from cifar_core.cli.output import print_json, print_table
from cifar_core.library import ModelEntry, list_models
from cifar_core.models.registry import summarise_models
from cifar_core.workspace import Workspace


def run_models(options: argparse.Namespace) -> int:
    """List the networks that can be trained, then the trained models of the workspace."""
    summaries, models = summarise_models(), list_models(Workspace.default())
    if options.json:
        for summary in summaries:
            print_json({"type": "network", **vars(summary)})
        for entry in models:
            print_json({"type": "trained_model", **_entry_facts(entry)})
        return 0
    rows = [
        [s.name, f"{s.parameters:,}", f"{s.flops / 1e6:,.1f} M", f"{s.image_size}x{s.image_size}",
         s.description]
        for s in summaries
    ]  # fmt: skip
    print_table(["name", "parameters", "FLOPs/image", "input", "description"], rows)
    if models:
        print("\nTrained models, for evaluate, predict, inspect, export and --start-from:")
        print_table(
            ["id", "network", "accuracy", "trained on", "name"], [_entry_row(m) for m in models]
        )
    return 0


def _entry_facts(entry: ModelEntry) -> dict[str, Any]:
    names = ("model_id", "name", "source", "network", "data_name", "accuracy", "accuracy_of")
    return {name: getattr(entry, name) for name in names} | {"file": str(entry.path)}


def _entry_row(entry: ModelEntry) -> list[str]:
    if entry.damage:
        return [entry.model_id, "damaged", "", "", entry.name]
    share = "" if entry.accuracy is None else f"{100 * entry.accuracy:.2f} % {entry.accuracy_of}"
    named = "comes with the program" if entry.source == "shipped" and not entry.name else entry.name
    return [entry.model_id, entry.network, share, entry.data_name, named]
