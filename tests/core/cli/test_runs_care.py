"""``runs delete`` and ``runs restore``, and starting from a run, as a person or a script does."""

import json

import pytest

from cifar_core.cli.program import main
from cifar_core.run_state import RunState
from cifar_core.worker import work


@pytest.fixture
def ended(store, tiny_config):
    """The ids of two runs that have ended."""
    run_ids = [store.create_run(tiny_config) for _ in range(2)]
    for run_id in run_ids:
        store.update_run(run_id, state=RunState.FINISHED)
    return run_ids


def listed(store) -> list[str]:
    return [row.run_id for row in store.runs()]


def test_deleted_runs_are_off_the_list_and_come_back(store, ended, capsys):
    assert main(["runs", "delete", *ended]) == 0
    said = capsys.readouterr().out
    assert "For 7 days" in said and f"runs restore {' '.join(ended)}" in said
    assert listed(store) == []
    assert main(["runs", "restore", *ended, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"type": "restore", "run_ids": ended}
    assert listed(store) == ended


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["delete", "ENDED", "nobody"], "no run 'nobody'"),
        (["delete", "ENDED", "QUEUED"], "is queued; stop it before"),
        (["restore", "ENDED"], "nothing there is deleted"),
        (["delete"], "RUN"),
    ],
)
def test_what_cannot_be_done_is_refused_whole(
    store, ended, tiny_config, capsys, arguments, complaint
):
    names = {"ENDED": ended[0], "QUEUED": store.create_run(tiny_config)}
    before = listed(store)
    try:
        code = main(["runs", *(names.get(word, word) for word in arguments)])
    except SystemExit as end:  # argparse's own way to refuse
        code = end.code
    assert code == 2 and complaint in capsys.readouterr().err
    assert listed(store) == before


def test_train_starts_from_the_weights_of_a_run(store, tiny_config, tmp_path, capsys):
    parent = store.create_run(tiny_config.replace(epochs=1))
    work(store, parent)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(tiny_config.replace(epochs=1).to_dict()))
    assert main(["train", "--config", str(settings), "--start-from", parent, "--json"]) == 0
    capsys.readouterr()
    assert store.runs()[-1].about["origin"]["run_id"] == parent


@pytest.mark.parametrize(("run", "complaint"), [(0, "has no model"), (None, "neither a model")])
def test_there_must_be_a_model_to_start_from(store, ended, capsys, tiny_folder, run, complaint):
    named = "nobody" if run is None else ended[run]
    assert main(["train", "--data", str(tiny_folder), "--start-from", named]) == 2
    assert complaint in capsys.readouterr().err
    assert listed(store) == ended
