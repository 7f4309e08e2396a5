"""The Learn page: eleven steps and a game, in both languages, with and without a model."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from cifar_core.checkpoint import save_model
from cifar_core.data.sources import open_data
from cifar_core.export import export_bytes
from cifar_core.library import import_model
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from dashboard import learn_defects, learn_overfitting
from dashboard.pictures import enlarge_png

ROOT = Path(__file__).parent.parent.parent
PLACES = [*map(str, range(1, 12)), "bug", "you"]


@pytest.fixture(autouse=True)
def _few_pictures_to_train_on(monkeypatch):
    monkeypatch.setattr(learn_defects, "NUM_PICTURES", 60)


@pytest.fixture
def open_learn():
    """``open_learn(step="3", lang="zh")`` opens the page with this address."""

    def run(**address: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params["lang"] = address.pop("lang", "en")
        app.run()
        app.switch_page("../pages/7_Learn.py")
        return go(app, **address)

    return run


def go(app: AppTest, **address: str) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def uploaded(workspace, tmp_path):
    """A tutorial network from elsewhere, with ten classes."""
    torch.manual_seed(9)  # another network than the fresh one
    path = tmp_path / "upload.safetensors"
    path.write_bytes(export_bytes(build_model("simple_cnn", 10), format="safetensors"))
    return import_model(workspace, path, "model.pt")


def component(app: AppTest, name: str) -> dict:
    """Return what a component of the page was given."""
    found = [c for c in app.get("bidi_component") if name in c.proto.id]
    assert len(found) == 1
    return json.loads(found[0].proto.json)


def asked(app: AppTest, name: str) -> str:
    return "".join(app.query_params[name])


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "header", "success", "error", "warning", "code")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_step_opens_in_both_languages(open_learn, lang):
    app = open_learn(lang=lang)
    headings = []
    for place in PLACES:
        go(app, step=place)
        headings.append(app.header[0].value)
        assert not app.error
        assert len(app.radio) == (place != "you")
        assert (len(app.get("code")) > 0) == place.isdecimal()
    assert len(set(headings)) == len(PLACES)
    assert headings[1] == ("2. Convolution" if lang == "en" else "2. 卷积")


def test_an_address_that_names_no_step_opens_the_first(open_learn):
    app = open_learn(step="99")
    assert app.header[0].value == "1. From picture to tensor"
    assert go(app, step="x").header[0].value == "1. From picture to tensor"


def test_next_and_back_change_the_address(open_learn):
    app = open_learn(step="2")
    app.button("learn_next_1").click().run()
    assert app.header[0].value == "3. ReLU"
    assert asked(app, "step") == "3"
    app.button("learn_back_2").click().run()
    assert app.header[0].value == "2. Convolution"
    go(app, step="11").button("learn_next_10").click().run()
    assert asked(app, "step") == "bug"


def test_a_wrong_answer_says_why_and_a_right_one_marks_the_step(open_learn):
    app = open_learn(step="2")
    app.radio("learn_answer_1").set_value(2).run()
    assert "Not quite" in app.error[0].value and "+ 1" in app.error[0].value
    assert not component(app, "learn_rail")["steps"][1]["done"]
    app.radio("learn_answer_1").set_value(1).run()
    assert "Right" in app.success[0].value
    go(app, step="5")
    assert [step["done"] for step in component(app, "learn_rail")["steps"]].count(True) == 1


def test_without_a_model_the_network_is_fresh_and_the_page_says_so(open_learn, no_shipped_models):
    app = open_learn(step="3")
    assert "random weights, nothing learned yet" in words(app)
    assert app.selectbox("learn_network").options == ["Fresh: random weights"]


def test_the_visitors_own_weights_are_studied(open_learn, uploaded):
    app = open_learn(step="3")
    assert app.selectbox("learn_network").value == uploaded.model_id
    own = floats(component(app, "learn_stage")["maps"][0]["values"])
    app.selectbox("learn_network").set_value("untrained").run()
    assert asked(app, "model") == "untrained"
    assert "nothing learned yet" in words(app)
    fresh = floats(component(app, "learn_stage")["maps"][0]["values"])
    assert not np.allclose(own, fresh)


def test_the_browser_gets_the_numbers_that_conv2d_computes(open_learn):
    app = open_learn(step="2")
    app.selectbox("learn_conv_filter").set_value("4").run()
    for name, value in (("stride", 2), ("padding", 3), ("dilation", 2)):
        app.segmented_control(f"learn_conv_{name}").set_value(value).run()
    assert not app.exception
    data = component(app, "learn_stage")
    detail, link = data["detail"], data["link"]
    assert (link["stride"], link["dilation"], data["maps"][0]["border"]) == (2, 2, 3)
    padded = torch.tensor(floats(detail["input"])).reshape(1, 3, 38, 38)
    layer = nn.Conv2d(3, 1, 3, stride=2, dilation=2)
    layer.weight.data = torch.tensor(floats(detail["weight"])).reshape(1, 3, 3, 3)
    layer.bias.data = torch.tensor([detail["bias"]])
    shown = torch.tensor(floats(data["maps"][1]["values"])).reshape(17, 17)
    torch.testing.assert_close(shown, layer(padded)[0, 0].detach(), atol=1e-6, rtol=0)
    assert r"\mathbf{17}" in app.get("latex")[0].value


def test_a_picture_can_be_linked_but_no_test_picture(open_learn, store, workspace, tiny_config):
    run_id = store.create_run(tiny_config)
    info = ModelInfo(
        model="simple_cnn", classes=("dark", "green", "red"), config=tiny_config.to_dict()
    )
    save_model(build_model("simple_cnn", 3), info, workspace.run_dir(run_id) / "final.safetensors")
    images = open_data(tiny_config.data, workspace)

    def shown(position: str) -> np.ndarray:
        app = open_learn(step="1", model=run_id, picture=position)
        values = floats(component(app, "learn_stage")["maps"][0]["values"])
        return (values.reshape(3, 32, 32).transpose(1, 2, 0) * 255).round()

    assert (shown("7") == images.images[7].numpy()).all()
    of_test = images.num_train + 3
    assert (shown(str(of_test)) != images.images[of_test].numpy()).any()


def test_dropout_crosses_out_in_training_and_leaves_all_alone_in_eval(open_learn):
    app = open_learn(step="9")
    before, after = component(app, "learn_stage")["maps"]
    assert np.isnan(floats(after["values"])).any()
    app.segmented_control("learn_dropout_mode").set_value("eval").run()
    before, after = component(app, "learn_stage")["maps"]
    assert (floats(before["values"]) == floats(after["values"])).all()


def test_overfitting_starts_a_run_on_few_pictures_and_keeps_it_in_the_address(
    open_learn, store, monkeypatch
):
    started = []

    def start(store, config, *, name):
        started.append(config)
        return store.create_run(config, name=name)

    monkeypatch.setattr(learn_overfitting.jobs, "start_run", start)
    app = open_learn(step="10")
    app.button("learn_overfit_start").click().run()
    assert not app.exception
    assert started[0].train_size == 100
    assert asked(app, "run") == store.runs()[0].run_id
    assert store.runs()[0].name == "Learn: 100 pictures"
    assert [metric.label for metric in app.metric][-1] == "Gap"


def test_a_run_that_is_gone_is_said_to_be(open_learn):
    assert "no run" in open_learn(step="10", run="nothing").warning[0].value


def test_eval_and_no_grad_change_what_is_shown(open_learn):
    app = open_learn(step="11")
    assert app.metric[-1].value == "0"
    app.toggle("learn_no_grad").set_value(False).run()
    assert app.metric[-1].value.endswith("MB")
    app.toggle("learn_eval").set_value(False).run()
    assert "model.eval()" not in app.get("code")[0].value


def test_a_guess_is_checked_and_the_next_round_hides_another_bug(open_learn):
    app = open_learn(step="bug", bug="1")
    hidden = learn_defects.hidden_bug(1)
    wrong = next(name for name in learn_defects.bugs() if name != hidden)
    app.radio("learn_bug_answer_1").set_value(wrong).run()
    assert learn_defects.bugs()[wrong].reason in app.error[0].value
    app.radio("learn_bug_answer_1").set_value(hidden).run()
    assert learn_defects.bugs()[hidden].reason in app.success[0].value
    app.button("learn_bug_next").click().run()
    assert not app.exception
    assert asked(app, "bug") == "2"
    assert app.radio("learn_bug_answer_2").value is None


def test_every_bug_can_be_looked_at(open_learn):
    app = open_learn(step="bug")
    app.segmented_control("learn_bug_mode").set_value("look").run()
    for name, bug in learn_defects.bugs().items():
        app.selectbox("learn_bug_choice").set_value(name).run()
        assert not app.exception
        assert bug.reason in words(app)
        assert app.get("code")[0].value == bug.code


def test_an_uploaded_picture_stays_while_the_visitor_walks_on(open_learn):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)

    def shown(app: AppTest) -> np.ndarray:
        values = floats(component(app, "learn_stage")["maps"][0]["values"])
        return (values.reshape(3, 32, 32).transpose(1, 2, 0) * 255).round()

    app = open_learn(step="1")
    app.file_uploader("learn_upload").upload("mine.png", enlarge_png(pixels, 1)).run()
    assert not app.exception
    assert (shown(app) == pixels).all()
    go(app, step="10")
    assert (shown(go(app, step="1")) == pixels).all()


def test_a_file_that_is_no_picture_is_refused_with_a_sentence(open_learn):
    app = open_learn(step="1")
    app.file_uploader("learn_upload").upload("mine.png", b"no picture").run()
    assert not app.exception
    assert "mine" in app.error[0].value


def test_before_any_training_the_weights_that_come_with_the_program_are_studied(open_learn):
    app = open_learn(step="3")
    assert app.selectbox("learn_network").value == "shipped-simple_cnn"
    assert "comes with the program" in words(app)


def test_a_link_to_a_model_that_is_gone_says_so(open_learn, no_shipped_models):
    app = open_learn(step="3", model="gone")
    assert "not here" in app.warning[0].value
    assert app.selectbox("learn_network").value == "untrained"
