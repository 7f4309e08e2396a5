"""The Evaluate page in every state: nothing there, to be computed, computed, two models."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cifar_core import background
from cifar_core.checkpoint import load_model, save_model
from cifar_core.data.sources import open_data
from cifar_core.evaluation_jobs import TEST, EvaluationPlan, evaluate_plan, find_evaluation
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.workspace import Workspace

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def images(workspace, tiny_folder):
    return open_data(str(tiny_folder), workspace)


@pytest.fixture
def add_model(store, workspace, tiny_config, images):
    """``add_model("name")`` makes a run with a model; returns the plan for its validation part."""

    def make(name: str, **changes) -> EvaluationPlan:
        config = tiny_config.replace(**changes)
        run_id = store.create_run(config, name=name)
        info = ModelInfo(
            "simple_cnn", images.classes, config=config.to_dict(), run_id=run_id,
            data={"name": "shades", "fingerprint": images.fingerprint},
        )  # fmt: skip
        path = workspace.run_dir(run_id) / "final.safetensors"
        info = save_model(build_model("simple_cnn", 3), info, path)
        return EvaluationPlan(
            str(path), info.weights_sha256, config.data, "crop", images.fingerprint,
            seed=config.seed, val_size=config.val_size,
        )  # fmt: skip

    return make


def open_evaluate(**address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
    app.query_params["lang"] = "en"
    app.run()
    app.switch_page("../pages/4_Evaluate.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    kinds = ("markdown", "caption", "subheader", "error", "warning")
    return "\n".join(str(e.value) for kind in kinds for e in app.get(kind))


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state["evaluate_tabs"] = name
    app.run()
    assert not app.exception
    return app


def test_without_a_model_the_page_leads_to_train(no_shipped_models):
    app = open_evaluate()
    assert "No model yet" in text(app)
    assert app.button("evaluate_train")


def rewrite(plan: EvaluationPlan, data: dict[str, object]) -> EvaluationPlan:
    """Let the file of a plan's model say something else of what it was trained on."""
    model = load_model(Path(plan.model_path))
    info = save_model(model.network, replace(model.info, data=data), Path(plan.model_path))
    return replace(plan, weights=info.weights_sha256)


def test_photos_shown_to_a_model_of_drawings_are_told(add_model):
    drawings = {"name": "drawings", "fingerprint": "f", "drawn": True}
    plan = replace(rewrite(add_model("first"), drawings), seed=0, val_size=None)
    evaluate_plan(Workspace.default(), plan, None)
    assert "this model was trained on drawings" in text(open_evaluate())


def test_a_second_model_of_unknown_past_is_told(add_model, workspace):
    second = rewrite(add_model("second"), {"name": "copies", "fingerprint": "f", "drawn": False})
    first = add_model("first")
    evaluate_plan(workspace, first, None)
    evaluate_plan(workspace, second, None)
    app = open_tab(open_evaluate(model=Path(first.model_path).parent.name), "Compare")
    assert "Whether second has learned from these images is not known" in text(app)
    assert "McNemar" in text(app)


def test_validation_is_the_default_and_a_click_starts_a_process(add_model, workspace, monkeypatch):
    plan = add_model("first")
    monkeypatch.setattr(background.JobFile, "start", lambda file, *_: started.append(file))
    started: list[background.JobFile] = []
    app = open_evaluate()
    assert app.selectbox("evaluate_part").value == "validation"
    assert find_evaluation(workspace, plan) is None
    app.button("evaluate_start").click().run()
    assert [file.path.stem for file in started] == [plan.key]


def test_known_answers_open_at_once_in_every_tab(add_model, workspace):
    evaluate_plan(workspace, add_model("first"), None)
    app = open_evaluate()
    assert "over 24 images" in text(app) and "it took no step on them" in text(app)
    assert [m.label for m in app.metric][:2] == ["Accuracy", "Among the first two"]
    for tab, words in {
        "Worst mistakes": "the most confident first",
        "Least certain": "nearly equal",
        "Calibration": "every second validation image",
        "Compare": "no second model",
    }.items():
        assert words in text(open_tab(app, tab))


def test_the_test_part_tells_how_often_it_was_opened(add_model, workspace):
    plan = replace(add_model("first"), part=TEST)
    app = open_evaluate(part="test")
    assert "not looked at yet" in text(app)
    assert app.button("evaluate_start").label == "Open the test images"
    evaluate_plan(workspace, plan, None)
    app.run()
    assert "looked at **1 time** so far" in text(app) and "over 30 images" in text(app)
    assert "Temperature scaling needs" in text(open_tab(app, "Calibration"))


def test_two_models_are_compared_on_images_that_neither_learned_from(add_model, workspace):
    second = add_model("second", seed=1)
    first = add_model("first")
    evaluate_plan(workspace, first, None)
    evaluate_plan(workspace, replace(second, seed=0), None)
    app = open_tab(open_evaluate(model=Path(first.model_path).parent.name), "Compare")
    assert "McNemar" in text(app)
    assert "images are left out: second has learned from them" in text(app).replace("\\", "")
