"""The Dataset page's lists: own image sets, and extra test sets."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cifar_core.config import TrainConfig
from cifar_core.data.extra_tests import add_extra_test, list_extra_tests, open_extra_test
from cifar_core.data.sources import is_ready, open_data

ROOT = Path(__file__).parent.parent.parent
CLASSES = ("dark", "green", "red")


@pytest.fixture
def page(workspace, tiny_folder):
    """Open the page with the tiny folder, which is prepared."""
    open_data(str(tiny_folder), workspace)

    def run(lang: str = "en") -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params.update({"data": str(tiny_folder), "lang": lang})
        app.run()
        app.switch_page("../pages/1_Dataset.py").run()
        assert not app.exception
        return app

    return run


def an_archive(*classes: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in classes:
            picture = io.BytesIO()
            Image.new("RGB", (48, 32), "red").save(picture, "PNG")
            archive.writestr(f"mine/{name}/1.png", picture.getvalue())
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def text(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.markdown, *app.caption, *app.success]).replace("\\", "")


def submit(app: AppTest) -> AppTest:
    next(b for b in app.button if b.key.startswith("dataset_tests_submit")).click().run()
    assert not app.exception
    return app


def uploader(app: AppTest):
    return next(u for u in app.file_uploader if u.key.startswith("dataset_tests_files"))


# --- own sets


def test_own_sets_are_listed_with_their_size_and_deleted(page, workspace, tiny_folder):
    app = page()
    assert any("Your own images: 0.5 MB" in e.label for e in app.expander)
    assert str(tiny_folder) in text(app).replace("\\", "")
    app.button("dataset_own_delete_0").click().run()
    assert not app.exception
    assert not is_ready(str(tiny_folder), workspace) and tiny_folder.is_dir()
    assert not any("Your own images" in e.label for e in app.expander)
    assert app.selectbox("dataset_source").value == "builtin"


def test_a_set_that_a_run_waits_for_cannot_be_deleted(page, workspace, store, tiny_folder):
    store.create_run(TrainConfig(data=str(tiny_folder)))
    app = page()
    app.button("dataset_own_delete_0").click().run()  # as from an old page
    assert "in use by run" in app.error[0].value.replace("\\", "")
    assert is_ready(str(tiny_folder), workspace)


# --- extra test sets


def test_an_uploaded_pair_of_files_becomes_a_test_set(page, workspace):
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3)).astype(np.uint8)
    app = page()
    uploader(app).upload("new_labels.npy", npy(np.arange(9) % 3))
    uploader(app).upload("new_data.npy", npy(images))
    submit(app)
    assert "new is here now: 9 images" in text(app)
    assert (open_extra_test(workspace, "new").images.numpy() == images).all()
    assert not [p for p in workspace.data_dir.glob(".unpacked-*") if p.is_dir()]
    app.button("dataset_tests_delete_0").click().run()
    assert list_extra_tests(workspace) == []
    assert any(e.label == "Extra test sets (0)" for e in app.expander)


def test_an_uploaded_archive_becomes_a_test_set_under_a_name(page, workspace):
    app = page()
    uploader(app).upload("mine.zip", an_archive(*CLASSES))
    next(t for t in app.text_input if t.key.startswith("dataset_tests_name")).set_value("Garden")
    submit(app)
    (test,) = list_extra_tests(workspace)
    assert (test.name, test.num_images, test.classes) == ("Garden", 3, CLASSES)


def test_what_is_no_such_set_is_told_and_keeps_the_form(page, workspace):
    app = page()
    uploader(app).upload("mine.zip", an_archive("dark", "blue"))
    submit(app)
    assert "other classes, without green, red and with blue" in app.error[0].value
    assert list_extra_tests(workspace) == []
    submit(page())
    lone = page()
    uploader(lone).upload("x_data.npy", npy(np.zeros(3, int)))
    submit(lone)
    assert "x_data.npy is one of a pair" in lone.error[0].value.replace("\\", "")


def test_a_path_can_be_named_and_sets_with_other_classes_say_so(page, workspace, tmp_path):
    (tmp_path / "extra.zip").write_bytes(an_archive(*CLASSES))
    (tmp_path / "pets.zip").write_bytes(an_archive("cat", "dog"))
    add_extra_test(workspace, [tmp_path / "pets.zip"], ("cat", "dog"))
    app = page("zh")
    assert "类别不同" in text(app)
    path = next(t for t in app.text_input if t.key.startswith("dataset_tests_path"))
    path.set_value(str(tmp_path / "extra.zip"))
    submit(app)
    assert [test.name for test in list_extra_tests(workspace)] == ["extra", "pets"]
