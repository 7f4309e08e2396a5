"""The Models page in every state: empty, with models of runs and uploads, and with damaged ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

from cifar_core.checkpoint import load_model, save_model
from cifar_core.export import export_bytes
from cifar_core.library import delete_model, import_model, list_models
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.run_state import RunState
from cifar_core.worker import work
from dashboard import models_upload
from dashboard.last_picture import LookedAt

ROOT = Path(__file__).parent.parent.parent
CLASSES = ("dark", "red", "green")

pytestmark = pytest.mark.usefixtures("no_shipped_models")


@pytest.fixture
def network():
    return build_model("simple_cnn", 3)


@pytest.fixture
def run_model(store, workspace, tiny_config, network):
    """``run_model("name")`` makes a finished run with a tested model; returns its id."""

    def make(name: str = "", **changes) -> str:
        run_id = store.create_run(tiny_config, name=name)
        store.update_run(run_id, state=RunState.FINISHED)
        test = {"accuracy": 0.634, "accuracy_low": 0.6, "accuracy_high": 0.67, "num_images": 30}
        info = ModelInfo(
            model="simple_cnn", classes=CLASSES, config=tiny_config.to_dict(),
            metrics={"val_accuracy": 0.5, "test": test}, data={"name": "shades"},
            run_id=run_id, epoch=2, step=12,
        )  # fmt: skip
        path = workspace.run_dir(run_id) / "final.safetensors"
        save_model(network, replace(info, **changes), path)
        return run_id

    return make


@pytest.fixture
def uploaded(workspace, tmp_path, network):
    """A bare state_dict, uploaded as "mine.pt"; safetensors needs no process of its own."""
    path = tmp_path / "upload.safetensors"
    path.write_bytes(export_bytes(network, format="safetensors"))
    return import_model(workspace, path, "mine.pt").model_id


def offered_files(app: AppTest) -> list[dict]:
    """Return the files that the page offers to take home."""
    [component] = [c for c in app.get("bidi_component") if c.proto.id.endswith("models_files")]
    return json.loads(component.proto.json)["files"]


@pytest.fixture
def open_models():
    """``open_models(model_id)`` opens the page, with a model or with the list."""

    def run(model_id: str = "", language: str = "en", tab: str = "") -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params["lang"] = language
        app.run()
        app.switch_page("../pages/6_Models.py")
        if model_id:
            app.query_params["model"] = model_id
        if tab:
            app.session_state["models_tabs"] = tab
        app.run()
        assert not app.exception
        return app

    return run


def text(app: AppTest) -> str:
    kinds = ("markdown", "caption", "header", "metric", "badge", "error", "warning", "success")
    shown = [element for kind in kinds for element in app.get(kind)]
    return "\n".join(f"{e.value} {getattr(e, 'label', '')}" for e in shown)


def asked_for(app: AppTest) -> str:
    """The model in the address."""
    return "".join(app.query_params.get("model", []))


def test_an_empty_workspace_says_what_will_stand_here_and_leads_to_train(open_models):
    app = open_models()
    assert "No model yet" in text(app)
    assert [b.label for b in app.button if b.proto.type == "primary"] == [
        "Train your first network"
    ]
    assert len(app.file_uploader) == 1


def test_a_runs_model_is_listed_with_what_it_is(open_models, run_model):
    run_model("first try")
    app = open_models()
    shown = text(app)
    assert "first try" in shown
    assert "63.4 % Test accuracy" in shown
    assert "95 % interval 60.0 % to 67.0 %" in shown
    assert "Simple CNN · shades · just now · 1\\.2 MB" in shown.replace("\N{NO-BREAK SPACE}", " ")
    assert not [b for b in app.button if b.proto.type == "primary"]


def test_a_model_without_a_name_is_called_by_what_it_is(open_models, run_model):
    run_model()
    assert "**Simple CNN, 2 epochs**" in text(open_models())


def test_an_upload_is_listed_without_an_accuracy(open_models, uploaded):
    shown = text(open_models())
    assert "**mine\\.pt**" in shown
    assert "uploaded" in shown
    assert "The file does not say how good it is" in shown


def test_a_damaged_file_is_named_and_can_be_deleted(open_models, workspace, uploaded):
    (entry,) = list_models(workspace)
    entry.path.write_bytes(entry.path.read_bytes()[:500])
    app = open_models()
    assert "damaged or incomplete" in text(app)
    app.button(f"models_open_{uploaded}").click().run()
    assert "damaged or incomplete" in text(app)
    app.button("models_delete").click().run()
    assert not app.exception
    assert list_models(workspace) == []


def test_a_file_whose_weights_are_wrong_is_a_sentence_in_its_detail(
    open_models, workspace, run_model
):
    run_id = run_model(model="vgg")
    app = open_models(run_id)
    assert "final\\.safetensors" in app.error[0].value


def test_a_card_opens_the_model_and_its_address_names_it(open_models, run_model):
    run_id = run_model("first try")
    app = open_models()
    app.button(f"models_open_{run_id}").click().run()
    assert asked_for(app) == run_id
    assert app.header[0].value == "first try"
    assert not app.file_uploader
    app.button("models_back").click().run()
    assert asked_for(app) == ""
    assert app.button(f"models_open_{run_id}")


def test_a_model_shows_its_layers_origin_downloads_and_script(open_models, run_model):
    run_id = run_model("first try")
    app = open_models(run_id)
    layers = app.dataframe[0].value
    assert list(layers["Layer"]) == ["conv1", "relu1", "pool", "flatten", "fc1", "relu2", "fc2"]
    assert layers["Parameters"].sum() == sum(p.numel() for p in build_model("simple_cnn", 3)
                                              .parameters())  # fmt: skip
    origin, settings = (t.value.iloc[:, 0] for t in open_models(run_id, tab="Origin").table)
    assert origin["Run"] == run_id.replace("-", "\\-")
    assert "torch" in origin["Versions"]
    assert settings["batch\\_size"] == "16"
    files = offered_files(app)
    assert [file["label"] for file in files] == [".pt", ".safetensors", ".onnx"]
    assert files[0]["address"] == f"api/models/{run_id}/files/pt"
    assert files[0]["name"] == "first-try.pt"
    assert [b.label for b in app.button if b.proto.type == "primary"] == ["Try it on a picture"]
    app = open_models(run_id, tab="Python")
    script = app.code[-1].value
    assert "with_name('first-try.pt')" in script
    compile(script, "classify.py", "exec")
    app.segmented_control("models_snippet_format").set_value("onnx").run()
    assert "import onnxruntime" in app.code[-1].value


def test_an_uploads_detail_says_what_is_not_known(open_models, uploaded):
    app = open_models(uploaded, tab="Origin")
    assert "holds weights only" in text(app)
    assert "— Accuracy" in text(app)


def test_missing_packages_are_told_instead_of_a_button_that_fails(
    open_models, uploaded, monkeypatch
):
    monkeypatch.setattr("dashboard.models_files.ONNX_PACKAGES", ("onnx", "no_such_package"))
    app = open_models(uploaded)
    onnx = offered_files(app)[-1]
    assert (onnx["label"], onnx["address"]) == (".onnx", "")
    assert "pip install no_such_package" in onnx["note"]


def test_a_model_can_be_renamed(open_models, workspace, run_model):
    run_id = run_model("first try")
    app = open_models(run_id)
    app.text_input(f"models_name_{run_id}").set_value("**Best**")
    app.button("models_rename").click().run()
    assert not app.exception
    assert app.header[0].value == "\\*\\*Best\\*\\*"
    assert list_models(workspace)[0].name == "**Best**"


def test_a_deleted_model_can_be_brought_back_at_once(open_models, workspace, run_model):
    run_id = run_model("first try")
    app = open_models(run_id)
    app.button("models_delete").click().run()
    assert "**first try** was deleted" in text(app)
    assert list_models(workspace) == []
    app.button("models_undo").click().run()
    assert not app.exception
    assert [entry.model_id for entry in list_models(workspace)] == [run_id]
    assert "was deleted" not in text(app)


def test_a_deleted_model_can_be_brought_back_later(open_models, workspace, uploaded):
    delete_model(workspace, uploaded)
    app = open_models()
    app.button(f"models_back_{uploaded}").click().run()
    assert [entry.model_id for entry in list_models(workspace)] == [uploaded]


def test_a_link_to_a_model_that_is_gone_says_so(open_models, run_model):
    run_model("first try")
    app = open_models("20200101-000000-abcdef")
    assert "not here" in app.warning[0].value
    assert "first try" in text(app)


def test_a_model_that_still_trains_is_marked(open_models, run_model, store):
    run_id = run_model()
    store.update_run(run_id, state=RunState.STARTING)
    assert "still training" in text(open_models())


def test_names_from_outside_are_shown_letter_by_letter(open_models, workspace, tmp_path, network):
    path = tmp_path / "upload.safetensors"
    path.write_bytes(export_bytes(network, format="safetensors"))
    import_model(workspace, path, "![x](http://a/b.png) :material/home: **b**.pt")
    shown = text(open_models())
    assert "\\!\\[x\\]\\(http\\:" in shown
    assert "\\:material/home\\: \\*\\*b\\*\\*" in shown


def test_an_uploaded_file_becomes_a_model_and_is_opened(open_models, workspace, network):
    app = open_models()
    app.file_uploader[0].upload("tutorial.pt", export_bytes(network, format="pt")).run()
    assert not app.exception
    (entry,) = list_models(workspace)
    assert entry.name == "tutorial.pt"
    assert asked_for(app) == entry.model_id
    assert "Checked and accepted" in text(app)
    kept = load_model(entry.path).network.state_dict()
    assert all(torch.equal(kept[name], t) for name, t in network.state_dict().items())


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("note.pt", b"only a text", "note\\.pt is no model file but text"),
        ("empty.pth", b"", "empty\\.pth is empty"),
        ("half.safetensors", b"\x10\0\0\0\0\0\0\0{", "half\\.safetensors is not a whole"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_a_sentence_and_checked_once(
    open_models, workspace, name, content, sentence, monkeypatch
):
    app = open_models()
    app.file_uploader[0].upload(name, content).run()
    assert not app.exception
    assert app.error[0].value.startswith(sentence)
    monkeypatch.setattr("dashboard.models_upload.import_model", None)  # would fail if asked again
    app.run()
    assert not app.exception
    assert app.error[0].value.startswith(sentence)
    assert list_models(workspace) == []


def test_a_file_above_the_limit_is_refused_whatever_the_browser_allowed(
    open_models, workspace, monkeypatch
):
    monkeypatch.setattr("dashboard.models_upload.MAX_UPLOAD_MB", 1)
    app = open_models()
    app.file_uploader[0].upload("large.pt", b"PK\x03\x04" + bytes(1024**2)).run()
    assert "large\\.pt has 1 MB; model files of up to 1 MB are taken" in app.error[0].value


def test_many_models_come_in_pages_and_the_last_page_may_go(open_models, run_model, workspace):
    newest_last = [run_model(f"model {number}") for number in range(13)]
    app = open_models()
    assert len([b for b in app.button if b.label == "Open"]) == 12
    app.session_state["models_page_of_2"] = 2
    app.run()
    assert [b.key for b in app.button if b.label == "Open"] == [f"models_open_{newest_last[0]}"]
    app.button(f"models_open_{newest_last[0]}").click().run()
    app.button("models_delete").click().run()
    assert not app.exception
    assert len([b for b in app.button if b.label == "Open"]) == 12


def test_a_click_while_a_file_is_checked_does_not_bring_it_twice(
    open_models, workspace, network, monkeypatch
):
    """The click ends the page's run at the next thing it would draw."""
    check, num_checks = models_upload.check_upload, []

    def check_and_be_interrupted(*args):
        entry = check(*args)
        num_checks.append(1)
        monkeypatch.setattr(DeltaGenerator, "empty", stop)
        return entry

    def stop(*_):
        monkeypatch.setattr(DeltaGenerator, "empty", empty)
        raise StopException

    empty = DeltaGenerator.empty
    monkeypatch.setattr(models_upload, "check_upload", check_and_be_interrupted)
    app = open_models()
    content = export_bytes(network, format="safetensors")
    app.file_uploader[0].upload("mine.safetensors", content).run()
    assert not asked_for(app)
    app.run()
    assert not app.exception
    assert len(num_checks) == 1
    assert asked_for(app) == list_models(workspace)[0].model_id


@pytest.fixture
def trained(store, tiny_config):
    """A run that really trained one epoch, with its weights before and after it."""
    run_id = store.create_run(tiny_config.replace(epochs=1))
    work(store, run_id)
    return run_id


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_filters_can_be_seen_in_their_own_contrast_and_in_a_common_one(open_models, run_model):
    app = open_models(run_model(), tab="Filters")
    own = html(app)
    assert own.count("<img") == 18 and "18 filters" in text(app)
    app.segmented_control("models_contrast").set_value("alike").run()
    assert not app.exception
    assert html(app).count("<img") == 18 and html(app) != own


def test_every_layer_shows_what_it_makes_of_a_validation_image(open_models, trained):
    app = open_models(trained, tab="Feature maps")
    assert "Validation images of its training" in text(app)
    assert html(app).count("<img") == 18 and "one filter's answer" in text(app)
    for layer, count in (("pool", 18), ("flatten", 1), ("fc1", 64), ("fc2", 3)):
        app.selectbox("models_layer").set_value(layer).run()
        assert not app.exception
        assert html(app).count("<img") == count, layer
    assert "dark" in html(app)  # the last layer's numbers carry the classes' names
    app.selectbox("models_layer").set_value("conv1").run()
    app.segmented_control("models_map_scale").set_value("own").run()
    assert "lowest of each map" in html(app)


def test_the_picture_of_predict_can_be_looked_at(open_models, run_model):
    run_id = run_model()
    app = open_models(run_id, tab="Feature maps")
    assert "no picture to look at yet" in text(app)  # no data set is ready
    image = np.full((32, 32, 3), 200, np.uint8)
    app.session_state["last_picture"] = LookedAt(image, "my photo.png")
    app.run()
    assert not app.exception
    assert html(app).count("<img") == 18


def test_weights_are_compared_with_those_before_training(open_models, trained, uploaded):
    app = open_models(trained, tab="Weights")
    table = app.dataframe[0].value
    assert list(table["Weights"])[:2] == ["conv1.weight", "conv1.bias"]
    assert list(table["Number"])[:2] == [486, 18]
    assert "Before training" in app.get("plotly_chart")[0].proto.spec
    without = open_models(uploaded, tab="Weights")
    assert "Before training" not in without.get("plotly_chart")[0].proto.spec


def test_a_slider_goes_back_to_the_start(open_models, trained):
    app = open_models(trained, tab="Past epochs")
    assert "After epoch 1 · validation accuracy" in text(app)
    now = html(app)
    app.select_slider("models_epoch").set_value(0).run()
    assert not app.exception
    assert "Before the first step" in text(app)
    assert html(app) != now and html(app).count("<img") == 18


def test_where_no_epochs_were_kept_it_says_why(open_models, run_model, uploaded):
    assert "kept no weights of past epochs" in text(open_models(run_model(), tab="Past epochs"))
    assert "model from elsewhere" in text(open_models(uploaded, tab="Past epochs"))


def test_the_page_speaks_chinese(open_models, run_model):
    run_id = run_model()
    assert "测试准确率" in text(open_models(language="zh"))
    assert "下载带走" in text(open_models(run_id, language="zh"))
