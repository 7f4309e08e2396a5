import base64
import io
import json
import time
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cifar_core.background import JobState
from cifar_core.config import FITS, TrainConfig
from cifar_core.data import drawn
from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from cifar_core.data.prepared import open_prepared, write_prepared
from cifar_core.data.sources import open_data
from cifar_core.data.transforms import build_preprocessing
from cifar_core.data_jobs import DataJob, find_job, job_file, list_jobs, start_preparing
from dashboard.navigation import exists

ROOT = Path(__file__).parent.parent.parent
LIMIT_S = 60


@pytest.fixture
def open_page(workspace):
    """Open the page by a link; ends the preparations that it started."""

    def run(**params: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params.update(params)
        app.run()
        app.switch_page("../pages/1_Dataset.py").run()
        assert not app.exception
        return app

    yield run
    for job in list_jobs(workspace):
        if job.is_active and job.pid:
            psutil.Process(job.pid).kill()


@pytest.fixture
def builtin(workspace):
    """A small set in the place of the built-in one: 150 training and 20 test images."""
    rng = np.random.default_rng(0)
    labels = np.arange(170) % 10
    images = rng.integers(0, 256, (170, 32, 32, 3)).astype(np.uint8)
    folder = workspace.data_dir / f"builtin-v{drawn.VERSION}-0"
    raw = RawImages(images, labels, 150, CIFAR10_CLASSES, "Built-in drawings", drawn=True)
    write_prepared(raw, folder)
    return open_prepared(folder)


def a_zip_of(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def text(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.markdown, *app.caption]).replace("\\", "")


def component(app: AppTest, key: str) -> dict:
    """Return the data that a component was drawn with."""
    found = [c for c in app.get("bidi_component") if c.proto.id.endswith(key)]
    assert found, f"{key} is not there"
    return json.loads(found[0].proto.json)


def tiles(app: AppTest) -> list[dict]:
    return component(app, "dataset_grid")["tiles"]


def sheet(app: AppTest, key: str = "dataset_grid") -> np.ndarray:
    encoded = component(app, key)["sheet"].removeprefix("data:image/png;base64,")
    return np.array(Image.open(io.BytesIO(base64.b64decode(encoded))))


def primary(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.proto.type == "primary"]


def wait_for_end(app: AppTest, workspace, data: str) -> AppTest:
    deadline = time.monotonic() + LIMIT_S
    while find_job(workspace, data).is_active:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return app.run()


# --- nothing prepared


def test_an_empty_workspace_teaches_and_offers_one_button(open_page):
    app = open_page()
    assert "without a download" in text(app)
    assert primary(app) == ["Draw the built-in images"]
    assert len(component(app, "dataset_preview")["tiles"]) == 10
    assert not app.error


def test_drawing_goes_on_in_the_background_and_can_be_cancelled(open_page, workspace):
    app = open_page()
    app.button("dataset_prepare").click().run()
    assert app.get("progress")
    assert "the preparation goes on" in text(app)
    pid = find_job(workspace, "builtin").pid
    app.run()
    assert find_job(workspace, "builtin").pid == pid
    app.button("dataset_cancel").click().run()
    app = wait_for_end(app, workspace, "builtin")
    assert "cancelled" in text(app)
    assert primary(app) == ["Draw the built-in images"]


def test_another_session_sees_the_same_preparation(open_page, workspace):
    start_preparing(workspace, "builtin")
    assert open_page().get("progress")
    assert open_page().button("dataset_cancel")


def test_missing_cifar10_says_where_it_comes_from_and_where_it_belongs(open_page, workspace):
    app = open_page(data="cifar10")
    assert "cifar-10-python.tar.gz" in text(app)
    assert app.code[-1].value == str(workspace.data_dir)
    assert primary(app) == ["Get CIFAR-10"]
    app.button("dataset_to_builtin").click().run()
    assert primary(app) == ["Draw the built-in images"]


def test_official_files_can_be_prepared_as_soon_as_they_are_there(open_page, workspace):
    app = open_page(data="cifar10")
    (workspace.data_dir / "cifar-10-python.tar.gz").write_bytes(b"not really")
    app.button("dataset_look_again").click().run()
    assert primary(app) == ["Prepare CIFAR-10"]
    app.button("dataset_prepare").click().run()
    app = wait_for_end(app, workspace, "cifar10")
    assert "cannot be unpacked" in app.error[0].value.replace("\\", "")


# --- a set that is ready


def test_drawn_images_are_labelled_as_drawn(open_page, builtin):
    app = open_page()
    assert "170 images in 10 classes · drawn by the program, not photographed" in text(app)
    assert app.get("progress") == []
    if exists("train"):
        assert primary(app) == ["Train on these images"]


def test_the_grid_shows_the_images_of_a_page_class_by_class(open_page, builtin):
    app = open_page()
    shown = tiles(app)
    assert [tile["caption"] for tile in shown[:10]] == list(CIFAR10_CLASSES)
    assert len(shown) == 60
    assert "1 to 60 of 150" in text(app)
    cut = sheet(app)[32:64, 32:64]
    assert (cut == builtin.images[shown[11]["number"]].numpy()).all()
    assert shown[11]["name"] == "automobile, training image 12"


def test_pages_go_to_the_end(open_page, builtin):
    app = open_page(page="3")
    assert len(tiles(app)) == 30
    assert "121 to 150 of 150" in text(app)
    assert len(tiles(open_page(page="99"))) == 30


def test_class_and_part_filter_the_grid_and_the_link_says_so(open_page, builtin):
    app = open_page(page="2")
    app.button_group("dataset_class").set_value("cat").run()
    assert {tile["caption"] for tile in tiles(app)} == {"cat"}
    assert "1 to 15 of 15" in text(app)
    assert app.query_params == {"data": "builtin", "class": "cat"}
    app.button_group("dataset_split").set_value("test").run()
    assert [tile["name"] for tile in tiles(app)] == ["cat, test image 4", "cat, test image 14"]
    assert app.query_params == {"data": "builtin", "class": "cat", "split": "test"}


def test_a_link_reproduces_what_was_looked_at(open_page, builtin):
    app = open_page(data="builtin", split="test", **{"class": "dog"})
    assert [tile["name"] for tile in tiles(app)] == ["dog, test image 6", "dog, test image 16"]


@pytest.mark.parametrize(
    "params",
    [{"class": "unicorn"}, {"split": "both"}, {"page": "-3"}, {"page": "x"}, {"image": "99999"}],
)
def test_a_link_that_makes_no_sense_shows_the_beginning(open_page, builtin, params):
    app = open_page(**params)
    assert len(tiles(app)) == 60
    assert not app.get("dialog")


def test_a_browser_that_forgets_its_widgets_changes_nothing(open_page, tiny_folder):
    app = open_page(data=str(tiny_folder), fit="stretch").run()
    source, fit = app.selectbox("dataset_source"), app.button_group("dataset_fit")
    assert source.value == str(tiny_folder) and fit.value == "stretch"
    # what a browser sends then is the default
    assert source.options[source.proto.default] == source.options[source.index]
    assert [FITS[place] for place in fit.proto.default] == ["stretch"]


def test_the_bare_address_stays_bare_so_that_the_way_back_is_free(open_page, builtin):
    assert open_page().query_params == {}


@pytest.mark.parametrize("normalization", ["half", "dataset"])
def test_an_image_opens_with_its_raw_and_normalised_pixels(open_page, builtin, normalization):
    app = open_page(image="27")
    assert app.get("dialog")
    if normalization == "dataset":
        app.button_group("dataset_inspector_normalization").set_value("dataset").run()
    data = component(app, "dataset_inspector")
    assert data["raw"] == builtin.images[27].flatten().tolist()
    config = TrainConfig(normalization=normalization)
    inputs = build_preprocessing(config, builtin.mean, builtin.std)(builtin.images[27:28])
    expected = inputs[0].permute(1, 2, 0).flatten().numpy()
    assert data["normalised"] == pytest.approx(expected, abs=1e-4)
    assert data["alt"] == "horse, training image 28, enlarged"


def test_class_counts_are_told_and_drawn(open_page, builtin):
    app = open_page()
    assert "Every class has 15 training images" in text(app)
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["name"] for trace in spec["data"]] == ["Training", "Test"]
    assert spec["data"][1]["y"] == [2] * 10


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state["dataset_tab"] = name
    return app.run()


def test_pixel_statistics_compare_raw_and_normalised(open_page, builtin):
    app = open_tab(open_page(), "Pixels")
    assert len(app.get("plotly_chart")) == 2
    table = app.table[0].value
    assert table["Mean, 0 to 1"].astype(float).tolist() == pytest.approx(builtin.mean, abs=1e-4)
    app.button_group("dataset_pixels_normalization").set_value("dataset").run()
    table = app.table[0].value
    assert table["Normalised mean"].tolist() == ["0.000"] * 3
    assert table["Normalised std"].tolist() == ["1.000"] * 3


def test_augmentation_shows_sixteen_draws_and_new_ones(open_page, builtin):
    app = open_tab(open_page(), "Augmentation")
    original, draws = sheet(app, "dataset_original"), sheet(app, "dataset_draws")
    assert len(component(app, "dataset_draws")["tiles"]) == 16
    assert (original[:32, :32] == builtin.images[0].numpy()).all()
    app.button("dataset_new_draws").click().run()
    assert (sheet(app, "dataset_draws") != draws).any()
    assert (sheet(app, "dataset_original") == original).all()
    app.button("dataset_another_image").click().run()
    assert (sheet(app, "dataset_original") != original).any()


def test_without_augmentation_all_draws_are_the_original(open_page, builtin):
    app = open_tab(open_page(), "Augmentation")
    app.toggle("dataset_flip").set_value(False)
    app.slider("dataset_shift").set_value(0)
    app.slider("dataset_cutout").set_value(0).run()
    drawn_sheet = sheet(app, "dataset_draws")
    assert (drawn_sheet[:32, :32] == builtin.images[0].numpy()).all()
    assert (drawn_sheet[32:, 32:64] == builtin.images[0].numpy()).all()


@pytest.mark.skipif(not exists("train"), reason="there is no page to train on")
def test_the_form_for_training_takes_over_the_source_and_the_settings(open_page, builtin):
    app = open_tab(open_page(), "Augmentation")
    app.slider("dataset_shift").set_value(3).run()
    app.button("dataset_train_augmented").click().run()
    assert not app.exception
    assert app.session_state["train_data"] == "builtin"
    assert app.session_state["train_shift"] == 3
    assert app.session_state["train_flip"] is True


def test_the_page_speaks_chinese(open_page, builtin):
    app = open_page(lang="zh")
    assert "由程序绘制，并非照片" in text(app)
    assert tiles(app)[3]["name"] == "猫，训练集第 4 张"


# --- own images


def test_an_own_folder_is_prepared_and_shown_with_its_classes(open_page, workspace, tiny_folder):
    app = open_page()
    app.text_input("dataset_path").set_value(str(tiny_folder))
    next(button for button in app.button if button.label == "Open").click().run()
    assert primary(app) == ["Prepare these images"]
    app.button("dataset_prepare").click().run()
    app = wait_for_end(app, workspace, str(tiny_folder))
    assert "150 images in 3 classes" in text(app)
    assert "drawn" not in text(app)
    assert [tile["caption"] for tile in tiles(app)[:4]] == ["dark", "green", "red", "dark"]
    assert app.query_params["data"] == str(tiny_folder)


def test_a_wrong_path_is_told_beside_the_field(open_page, builtin):
    app = open_page()
    app.text_input("dataset_path").set_value("/nothing/here")
    next(button for button in app.button if button.label == "Open").click().run()
    assert "does not exist" in app.error[0].value
    assert len(tiles(app)) == 60


@pytest.mark.parametrize("data", ["/nothing/here", "~nobody-of-this-name/x", "/" + "x" * 3000])
def test_a_link_to_nothing_says_so_and_offers_a_way_out(open_page, data):
    app = open_page(data=data)
    assert app.error
    assert primary(app) == ["Show the built-in drawings"]


def test_another_fit_of_own_pictures_is_another_set(open_page, workspace, tmp_path):
    for name, colour in (("cat", "red"), ("dog", "blue")):
        (tmp_path / "pets/train" / name).mkdir(parents=True)
        picture = Image.new("RGB", (64, 16), "white")
        picture.paste(colour, (0, 0, 16, 16))
        for number in range(3):
            picture.save(tmp_path / "pets/train" / name / f"{number}.png")
    open_data(str(tmp_path / "pets"), workspace)
    open_data(str(tmp_path / "pets"), workspace, fit="stretch")
    app = open_page(data=str(tmp_path / "pets"))
    assert (sheet(app)[:32, :32] > 250).all()  # the centre is white
    app.segmented_control("dataset_fit").set_value("stretch").run()
    assert sheet(app)[16, 2].tolist() == [255, 0, 0]
    assert app.query_params["fit"] == "stretch"
    assert "cat (3), dog (3)" in app.warning[0].value.replace("\\", "")
    app.button("dataset_train").click().run()
    assert app.session_state["train_fit"] == "stretch"


def test_an_uploaded_archive_is_prepared_at_once_and_shown(open_page, workspace, tiny_folder):
    app = open_page()
    app.file_uploader[0].upload("../../shades.zip", a_zip_of(tiny_folder)).run()
    (kept,) = (workspace.data_dir / "uploads").glob("upload-*.zip")
    assert find_job(workspace, str(kept)) is not None
    app = wait_for_end(app, workspace, str(kept))
    assert "150 images in 3 classes" in text(app)
    assert app.selectbox("dataset_source").value == str(kept)
    assert "../../shades.zip" in app.selectbox("dataset_source").options


def test_an_upload_that_is_no_archive_is_refused_in_a_sentence(open_page, builtin):
    app = open_page()
    app.file_uploader[0].upload("notes.zip", b"only words").run()
    assert "no archive" in app.error[0].value.replace("\\", "")
    assert len(tiles(app)) == 60


def test_an_archive_of_nothing_tells_its_error_and_can_be_tried_again(open_page, workspace):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "no pictures")
    app = open_page()
    app.file_uploader[0].upload("empty.zip", buffer.getvalue()).run()
    (kept,) = (workspace.data_dir / "uploads").glob("upload-*.zip")
    app = wait_for_end(app, workspace, str(kept))
    assert "holds no pictures" in app.error[0].value.replace("\\", "")
    assert primary(app) == ["Prepare these images"]


def test_notes_about_skipped_files_are_there_folded(open_page, workspace, tiny_folder, tmp_path):
    for source in sorted(tiny_folder.rglob("*.png")):
        copy = tmp_path / "pets" / source.relative_to(tiny_folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    (tmp_path / "pets/train/dark/broken.png").write_bytes(b"\x89PNG broken")
    open_data(str(tmp_path / "pets"), workspace)
    app = open_page(data=str(tmp_path / "pets"))
    folded = next(e for e in app.expander if "note" in e.label)
    assert "cannot be read were left out" in folded.markdown[0].value.replace("\\", "")


def test_a_crashed_preparation_says_so_with_what_it_printed(open_page, workspace):
    record = job_file(workspace, "builtin", "crop")
    record.write(
        DataJob(data="builtin", fit="crop", state=JobState.RUNNING, pid=2**22 + 1, started_at=1.0)
    )
    record.log_path.write_text("Killed")
    app = open_page()
    assert "ended without saying why" in app.error[0].value
    assert app.code[-1].value == "Killed"
    assert primary(app) == ["Draw the built-in images"]


def test_a_set_without_a_test_part_offers_only_training_images(
    open_page, workspace, tiny_folder, tmp_path
):
    (tmp_path / "only").symlink_to(tiny_folder / "train")
    start_preparing(workspace, str(tmp_path / "only"))
    app = open_page(data=str(tmp_path / "only"), split="test")
    app = wait_for_end(app, workspace, str(tmp_path / "only"))
    assert "There is no test part: a training keeps 20 of these images" in text(app)
    assert "Few training images" not in text(app)
    assert len(tiles(app)) == 60
