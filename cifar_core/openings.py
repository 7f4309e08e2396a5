"""How often test images were looked at: the more often one chooses by them, the less they tell.

Counted are the final tests of runs, which stand in the store, and every later look that somebody
asks for, noted here in a file of one line each. Imports no torch.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from cifar_core.store import Store
from cifar_core.workspace import Workspace


@dataclass(frozen=True)
class Openings:
    """How often the test images of a set were looked at: in all, and for one network."""

    total: int
    by_model: int


def count_openings(
    workspace: Workspace, fingerprint: str, *, weights: str = "", run_id: str = ""
) -> Openings:
    """Return how often test images of a set were looked at: by finished runs, and since by people.

    Args:
        workspace: of the runs and the evaluations.
        fingerprint: of the image set.
        weights: of the network in question, its sha256.
        run_id: the run that the network comes from, if it is one of this workspace.
    """
    tested = [run for run in Store(workspace).runs() if "test" in run.result]
    runs = [r for r in tested if r.about.get("data", {}).get("fingerprint") == fingerprint]
    later = [found for found in _noted_openings(workspace) if found[0] == fingerprint]
    own = sum(run.run_id == run_id for run in runs)
    own += sum(bool(weights) and found[1] == weights for found in later)
    return Openings(len(runs) + len(later), own)


def note_opening(workspace: Workspace, fingerprint: str, weights: str) -> None:
    """Write down that the test images of a set are looked at.

    Args:
        workspace: where that is counted.
        fingerprint: of the image set.
        weights: of the network, its sha256.
    """
    line = {"fingerprint": fingerprint, "weights": weights, "at": time.time()}
    path = _path(workspace)
    with FileLock(path.with_suffix(".lock")), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _noted_openings(workspace: Workspace) -> list[tuple[str, str]]:
    """Return fingerprint and weights of each opening that was written down."""
    try:
        lines = _path(workspace).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            values = json.loads(line)
            found.append((str(values["fingerprint"]), str(values["weights"])))
        except (ValueError, KeyError, TypeError):  # a line that a power cut left unfinished
            continue
    return found


def _path(workspace: Workspace) -> Path:
    folder = workspace.root / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "test-openings.jsonl"
