"""The Runs page in every state: no run, one, several, a live one, a deleted one."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cifar_core import jobs
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_notes import read_notes, write_note
from cifar_core.run_state import RunState

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def add_run(store, tiny_config):
    """``add_run("name", accuracy, **settings)`` makes a finished run of two epochs; its id."""

    def add(name: str, accuracy: float = 0.5, state=RunState.FINISHED, **settings) -> str:
        run_id = store.create_run(tiny_config.replace(**settings), name=name)
        epochs = [
            EpochRecord(n, 6 * n, 1.0 / n, 0.4, 1.1 / n, accuracy - 0.1 * (2 - n), 1e-3, 2.0, 0.0)
            for n in (1, 2)
        ]
        store.add_metrics(run_id, [StepRecord(1, 1, 1.0, 1e-3, 100.0), *epochs])
        result = {"test": {"accuracy": accuracy, "num_images": 30}}
        store.update_run(run_id, state=state, started_at=1.0, finished_at=5.0, result=result)
        return run_id

    return add


@pytest.fixture
def open_runs():
    """``open_runs(ids)`` opens the page with these runs chosen."""

    def run(*run_ids: str, language: str = "en") -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params["lang"] = language
        app.run()
        app.switch_page("../pages/3_Runs.py")
        if run_ids:
            app.query_params["runs"] = ",".join(run_ids)
        app.run()
        assert not app.exception
        return app

    return run


def text(app: AppTest) -> str:
    kinds = ("markdown", "caption", "subheader", "success", "error", "warning")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def table(app: AppTest):
    (found,) = app.dataframe
    return found.value


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_runs_it_leads_to_train(open_runs, language):
    app = open_runs(language=language)
    assert [b.key for b in app.button if b.proto.type == "primary"] == ["runs_train"]
    assert not app.dataframe


def test_every_run_has_its_line_newest_first(open_runs, add_run):
    add_run("first", 0.5)
    add_run("second", 0.7, epochs=3)
    shown = table(open_runs())
    assert list(shown["Name"]) == ["second", "first"]
    assert list(shown["Test"]) == pytest.approx([70.0, 50.0])
    assert list(shown["Epochs"]) == ["2/3", "2/2"]
    assert "Choose runs" in text(open_runs())


def test_a_link_chooses_runs_and_shows_what_differs_alone(open_runs, add_run):
    first, second = add_run("slow", 0.5), add_run("fast", 0.7, learning_rate=0.01)
    app = open_runs(first, second)
    shown = text(app)
    assert "fast is 20\\.00 points above slow" in shown
    assert "That may be noise" in shown
    (differing,) = app.table
    assert list(differing.value["Setting"]) == ["Learning rate"]
    assert differing.value.iloc[0].tolist()[1:] == ["0\\.01", "0\\.001"]


def test_runs_that_differ_in_their_seed_are_taken_together(open_runs, add_run):
    ids = [add_run("same", accuracy, seed=n) for n, accuracy in enumerate((0.50, 0.54, 0.52))]
    assert "3 seeds\\: 52\\.00 % on the test images on average" in text(open_runs(*ids))


def test_search_finds_by_word_and_tag(open_runs, add_run, store):
    first = add_run("apple")
    add_run("pear", optimizer="sgd")
    write_note(store, first, name="apple", tags=["fruit"], notes="with a red cheek")
    app = open_runs()
    app.text_input(key="runs_search").set_value("RED").run()
    assert list(table(app)["Name"]) == ["apple"]
    app.text_input(key="runs_search").set_value("sgd").run()
    assert list(table(app)["Name"]) == ["pear"]
    app.text_input(key="runs_search").set_value("plum").run()
    assert not app.dataframe and "No run fits" in text(app)


def test_a_run_is_named_tagged_and_annotated(open_runs, add_run, store):
    run_id = add_run("before")
    app = open_runs(run_id)
    app.text_input[1].set_value("after")
    app.text_input[2].set_value("good, , good,baseline")
    app.text_area[0].set_value("keep this one")
    next(b for b in app.button if b.label == "Save").click().run()
    assert not app.exception
    assert store.run(run_id).name == "after"
    note = read_notes(store)[run_id]
    assert (note.tags, note.notes) == (("good", "baseline"), "keep this one")


def test_a_run_can_be_taken_home_in_four_ways(open_runs, add_run):
    run_id = add_run("Plain")
    app = open_runs(run_id)
    [component] = [c for c in app.get("bidi_component") if c.proto.id.endswith("runs_files")]
    files = json.loads(component.proto.json)["files"]
    assert [file["address"].rpartition("/")[2] for file in files] == [
        "zip", "epochs.csv", "steps.csv", "toml"
    ]  # fmt: skip
    assert files[0]["name"] == f"run-{run_id}.zip"


def test_a_deleted_run_can_be_brought_back(open_runs, add_run, store):
    run_id = add_run("gone")
    app = open_runs(run_id)
    app.button(key="runs_delete").click().run()
    assert "1 run was deleted" in text(app)
    assert store.runs() == []
    app.session_state["runs_tabs"] = "Deleted"
    app.run()
    app.button(key=f"runs_restore_{run_id}").click().run()
    assert [run.run_id for run in store.runs()] == [run_id]


def test_what_nobody_needs_can_be_removed(open_runs, add_run, workspace):
    run_dir = workspace.run_dir(add_run("large"))
    for name in ("resume.safetensors", "final.safetensors"):
        (run_dir / name).write_bytes(bytes(1_000_000))
    app = open_runs()
    assert "1 run takes 2" in text(app)
    app.button(key="runs_free").click().run()
    assert "1\\.0 MB were freed" in text(app)
    assert [path.name for path in run_dir.iterdir()] == ["final.safetensors"]


def test_a_live_run_is_shown_and_cannot_be_deleted(open_runs, store, tiny_config):
    run_id = store.create_run(tiny_config, name="waits", launched_by="cli")
    app = open_runs(run_id)
    assert list(table(app)["State"]) == ["Waiting in line"]
    assert app.button(key="runs_delete").disabled
    assert "The curves begin" in text(app)


def test_a_crashed_run_can_be_continued(open_runs, add_run):
    run_id = add_run("broken", state=RunState.FAILED)
    assert [b.key for b in open_runs(run_id).button if b.key == "runs_resume"]


def test_a_new_run_starts_from_the_weights_of_an_old_one(open_runs, add_run, store, monkeypatch):
    run_id = add_run("parent", epochs=3)
    (store.workspace.run_dir(run_id) / "best.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(jobs, "launch_queued", lambda store: [])
    app = open_runs(run_id)
    assert app.selectbox(key="runs_fork_from").options == ["The best epoch"]
    app.number_input(key="runs_fork_epochs").set_value(7).run()
    app.button(key="runs_fork").click().run()
    assert not app.exception
    fork = store.runs()[-1]
    assert (fork.name, fork.config.epochs) == ("parent, trained on", 7)
    assert (store.workspace.run_dir(fork.run_id) / "start.safetensors").read_bytes() == b"weights"


def test_many_runs_are_drawn_across_their_settings(open_runs, add_run):
    ids = [add_run(f"run {n}", 0.3 + 0.05 * n, learning_rate=10**-n) for n in range(1, 8)]
    app = open_runs(*ids)
    assert len(app.get("plotly_chart")) == 2
