"""The Predict page in every state: without models, with pictures of any origin, with trouble."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cifar_core import library
from cifar_core.checkpoint import save_model
from cifar_core.data.sources import open_data
from cifar_core.export import export_bytes
from cifar_core.library import import_model
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model

ROOT = Path(__file__).parent.parent.parent
CLASSES = ("dark", "red", "green")


@pytest.fixture
def network():
    return build_model("simple_cnn", 3)


@pytest.fixture
def run_model(store, workspace, tiny_config, network):
    """``run_model("name")`` makes a run of the tiny folder that has a model; returns its id."""

    def make(name: str = "", classes: tuple[str, ...] = CLASSES) -> str:
        run_id = store.create_run(tiny_config, name=name)
        info = ModelInfo(
            model="simple_cnn", classes=classes, config=tiny_config.to_dict(), run_id=run_id
        )
        save_model(network, info, workspace.run_dir(run_id) / "final.safetensors")
        return run_id

    return make


@pytest.fixture
def uploaded(workspace, tmp_path):
    """A bare state_dict of ten classes; as safetensors, which needs no process of its own."""
    path = tmp_path / "upload.safetensors"
    path.write_bytes(export_bytes(build_model("simple_cnn", 10), format="safetensors"))
    return import_model(workspace, path, "model.pt").model_id


@pytest.fixture
def open_predict():
    """``open_predict(model=..., image=...)`` opens the page with this address."""

    def run(**address: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params["lang"] = "en"
        app.run()
        app.switch_page("../pages/5_Predict.py")
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def with_files(open_predict):
    """``with_files({"a.png": bytes})`` opens the page and uploads pictures."""

    def run(files: dict[str, bytes], **address: str) -> AppTest:
        app = open_predict(**address)
        app.segmented_control("predict_origin").set_value("own").run()
        for name, content in files.items():
            app.file_uploader("predict_files").upload(name, content)
        app.run()
        assert not app.exception
        return app

    return run


def text(app: AppTest) -> str:
    kinds = ("markdown", "caption", "header", "metric", "badge", "error", "warning")
    shown = [element for kind in kinds for element in app.get(kind)]
    return "\n".join(str(getattr(e, "value", "")) for e in shown)


def asked_for(app: AppTest) -> str:
    return "".join(app.query_params.get("model", []))


def picture(seed: int = 0, size: tuple[int, int] = (60, 40)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_without_a_model_it_says_so_and_leads_to_train(open_predict, no_shipped_models):
    app = open_predict()
    assert "No model yet" in text(app)
    assert [b.label for b in app.button if b.proto.type == "primary"] == [
        "Train your first network"
    ]
    assert not app.selectbox


def test_the_newest_model_answers_at_first_and_the_address_names_it(open_predict, run_model):
    run_model("older")
    newest = run_model("newer")
    app = open_predict()
    assert app.selectbox("predict_model").value == newest
    assert asked_for(app) == newest


def test_a_link_chooses_the_model_and_choosing_another_changes_the_link(open_predict, run_model):
    older, newer = run_model("older"), run_model("newer")
    app = open_predict(model=older)
    assert app.selectbox("predict_model").value == older
    app.selectbox("predict_model").set_value(newer).run()
    assert asked_for(app) == newer
    assert app.selectbox("predict_model").value == newer


def test_the_choice_survives_a_change_of_page(open_predict, run_model):
    older, _ = run_model("older"), run_model("newer")
    app = open_predict(model=older)
    app.switch_page("../pages/0_Home.py").run()
    app.query_params.clear()
    app.switch_page("../pages/5_Predict.py").run()
    assert app.selectbox("predict_model").value == older


def test_a_link_to_a_model_that_is_gone_says_so_and_the_newest_answers(open_predict, run_model):
    newest = run_model()
    app = open_predict(model="20200101-000000-abcdef")
    assert "not here" in app.warning[0].value
    assert app.selectbox("predict_model").value == newest


def last_picture(app):
    return app.session_state["last_picture"]


def test_with_a_data_set_an_example_is_answered_at_once(
    open_predict, run_model, workspace, tiny_folder
):
    data = open_data(str(tiny_folder), workspace)
    run_model()
    app = open_predict(image="25")
    truth = data.classes[int(data.labels[25])]
    shown = text(app)
    answer = app.header[0].value.split(" ")[0]
    expected = "Right" if answer == truth else f"the true class is {truth}"
    assert expected in shown
    assert len(app.get("image")) == 2
    assert len(app.get("plotly_chart")) == 1
    assert "Grad-CAM" in [app.segmented_control("predict_method").options[0]]
    assert last_picture(app).name == "Image 25"
    assert last_picture(open_predict(image="125")).name != "Image 125"  # that is a test image


@pytest.mark.parametrize("image", ["150", "-1", "x", "9" * 30, "²"])
def test_an_odd_image_in_the_address_is_replaced_by_an_example(
    open_predict, run_model, workspace, tiny_folder, image
):
    open_data(str(tiny_folder), workspace)
    run_model()
    assert open_predict(image=image).header


def test_other_examples_come_with_a_click(open_predict, run_model, workspace, tiny_folder):
    open_data(str(tiny_folder), workspace)
    run_model()
    app = open_predict(image="25")
    app.button("predict_new_draw").click().run()
    assert not app.exception
    assert "image" not in app.query_params


def test_a_class_that_the_network_was_not_taught_is_no_mistake(
    open_predict, run_model, workspace, tiny_folder
):
    open_data(str(tiny_folder), workspace)
    run_model(classes=("one", "two", "three"))
    assert "which this network was not taught" in text(open_predict())


def test_an_upload_is_offered_the_sets_of_the_runs_those_with_its_classes_first(
    open_predict, run_model, workspace, uploaded, tiny_folder
):
    open_data(str(tiny_folder), workspace)
    run_model()
    app = open_predict(model=uploaded)
    assert app.segmented_control("predict_origin").value == "examples"
    assert "which this network was not taught" in text(app)


def test_without_a_data_set_it_waits_for_a_picture(open_predict, uploaded):
    app = open_predict()
    assert app.segmented_control("predict_origin").value == "own"
    assert "The answer appears here" in text(app)
    app.segmented_control("predict_origin").set_value("examples").run()
    assert "No data set is ready" in text(app)


def test_an_uploads_own_idea_of_its_data_opens_no_folder(
    open_predict, workspace, tmp_path, network, monkeypatch
):
    """The path in a foreign file must not be looked at on this machine."""
    info = ModelInfo(model="simple_cnn", classes=CLASSES, config={"data": "/"})
    path = tmp_path / "upload.safetensors"
    save_model(network, info, path)
    import_model(workspace, path, "foreign.safetensors")
    looked = []
    monkeypatch.setattr(
        "dashboard.predict_examples.look_at", lambda data, _: looked.append(data) or 1 / 0
    )
    app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60).run()
    app.switch_page("../pages/5_Predict.py").run()
    assert "/" not in looked


def test_an_uploaded_picture_is_answered_and_explained(with_files, uploaded):
    app = with_files({"photo.png": picture()})
    assert len(app.get("image")) == 3
    assert app.get("image")[0].proto.imgs[0].caption == "photo\\.png"
    assert len(app.get("plotly_chart")) == 1
    assert app.segmented_control("predict_fit").value == "crop"
    answer = app.header[0].value
    app.segmented_control("predict_fit").set_value("stretch").run()
    assert not app.exception
    assert app.header[0].value != answer


def test_a_picture_comes_to_a_square_as_the_models_pictures_did(with_files, uploaded, monkeypatch):
    facts = library.read_facts
    monkeypatch.setattr(library, "read_facts", lambda path: replace(facts(path), fit="letterbox"))
    app = with_files({"photo.png": picture()})
    assert app.segmented_control("predict_fit").value == "letterbox"
    app.segmented_control("predict_fit").set_value("crop").run()
    assert app.segmented_control("predict_fit").value == "crop"


def test_any_class_can_be_explained_by_either_method(with_files, uploaded):
    app = with_files({"photo.png": picture()})
    ranked = app.selectbox("predict_explained").options
    assert len(ranked) == 11
    app.selectbox("predict_explained").select_index(3).run()
    name = ranked[3].split(" · ")[0]
    assert f"Where it sees {name}" in str(app.get("image")[2].proto)
    app.segmented_control("predict_method").set_value("occlusion").run()
    assert not app.exception
    app.slider("predict_strength").set_value(100).run()
    assert not app.exception


def test_the_normalised_numbers_can_be_shown(with_files, uploaded):
    app = with_files({"photo.png": picture()})
    app.toggle("predict_normalised").set_value(True).run()
    assert not app.exception
    assert "Its numbers: -1.00 to 1.00" in str(app.get("image")[1].proto)


def test_an_unsure_network_says_so(with_files, uploaded):
    assert "no class reaches 50 %" in text(with_files({"photo.png": picture()})).replace("\\", "")


def test_several_pictures_become_a_table_and_a_file_and_bad_ones_a_sentence(
    with_files, uploaded, monkeypatch
):
    files = {"one.png": picture(1), "notes.png": b"only a text", "two.png": picture(2, (32, 32))}
    app = with_files(files)
    table = app.dataframe[0].value
    assert list(table["File"]) == ["one.png", "two.png"]
    assert all(url.startswith("data:image/png") for url in table["Picture"])
    assert app.error[0].value.startswith("notes\\.png is no picture but text")
    assert [button.label for button in app.get("download_button")] == ["Table as CSV"]


def test_only_bad_pictures_leave_the_hint(with_files, uploaded):
    app = with_files({f"{number}.png": b"only a text" for number in range(8)})
    assert len(app.error) == 5
    assert app.expander[0].label == "3 more files were refused"
    assert "The answer appears here" in text(app)


def test_too_many_pictures_are_told(with_files, uploaded, monkeypatch):
    monkeypatch.setattr("dashboard.predict_choice.MAX_PICTURES", 2)
    app = with_files({f"{number}.png": picture(number) for number in range(3)})
    assert "3 pictures were given; the first 2 are looked at" in app.warning[0].value
    assert len(app.dataframe[0].value) == 2


def test_the_camera_is_only_asked_for_after_a_switch(open_predict, uploaded):
    app = open_predict()
    app.segmented_control("predict_origin").set_value("camera").run()
    assert not app.camera_input
    app.toggle("predict_camera_on").set_value(True).run()
    buffer = io.BytesIO()
    Image.open(io.BytesIO(picture())).save(buffer, "JPEG")
    app.camera_input("predict_camera").upload("photo.jpg", buffer.getvalue()).run()
    assert not app.exception
    assert app.header


def test_a_damaged_model_is_a_sentence_and_another_can_be_chosen(
    open_predict, run_model, workspace, uploaded, tiny_folder
):
    open_data(str(tiny_folder), workspace)
    run_id = run_model()
    path = workspace.run_dir(run_id) / "final.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    app = open_predict(model=run_id)
    assert "damaged or incomplete" in app.error[0].value
    app.selectbox("predict_model").set_value(uploaded).run()
    assert not app.error


def test_weights_that_do_not_fit_their_description_are_a_sentence(
    open_predict, store, workspace, tiny_config, tiny_folder, network
):
    open_data(str(tiny_folder), workspace)
    run_id = store.create_run(tiny_config)
    info = ModelInfo(model="vgg", classes=CLASSES, config=tiny_config.to_dict())
    save_model(network, info, workspace.run_dir(run_id) / "final.safetensors")
    assert "final\\.safetensors" in open_predict().error[0].value


def test_the_page_speaks_chinese(open_predict, run_model, workspace, tiny_folder):
    open_data(str(tiny_folder), workspace)
    run_model()
    app = open_predict(lang="zh")
    assert app.title[0].value == "预测"
    assert app.button("predict_new_draw").label == "换一批示例"


def test_the_answers_of_the_csv_are_those_of_the_table(with_files, uploaded, monkeypatch):
    written = []
    from dashboard import predict_table, predict_views

    def keep(*args):
        written.append(predict_table.answers_csv(*args))
        return written[-1]

    monkeypatch.setattr(predict_views, "answers_csv", keep)
    app = with_files({"one.png": picture(1), "two.png": picture(2)})
    rows = list(csv.DictReader(io.StringIO(written[-1].decode("utf-8-sig"))))
    table = app.dataframe[0].value
    assert [row["answer"] for row in rows] == list(table["Answer"])
    assert [100 * float(row["probability"]) for row in rows] == pytest.approx(
        list(table["Probability"]), abs=1e-3
    )


def test_before_any_training_a_model_answers_that_comes_with_the_program(open_predict):
    app = open_predict()
    assert "comes with the program" in app.selectbox("predict_model").options[0]
    assert not app.exception
