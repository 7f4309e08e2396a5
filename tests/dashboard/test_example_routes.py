import json

import anyio
import pytest
from starlette.requests import Request

from cifar_core.config import TrainConfig
from dashboard.example_routes import EXAMPLE_ROUTES

ANSWERS, PICTURES = (route.endpoint for route in EXAMPLE_ROUTES)


def ask(endpoint, run_id, query=""):
    scope = {"type": "http", "path_params": {"run_id": run_id}, "query_string": query.encode()}
    return anyio.run(endpoint, Request(scope))


def answers(run_id, query=""):
    return json.loads(ask(ANSWERS, run_id, query).body)


@pytest.fixture
def run_id(store):
    run_id = store.create_run(TrainConfig())
    store.add_examples(run_id, 10, [[0.25, 0.75]])
    store.add_examples(run_id, 20, [[0.5, 0.5]])
    return run_id


def test_the_newest_answers_are_sent(run_id):
    assert answers(run_id) == {"step": 20, "probs": [[0.5, 0.5]]}
    assert ask(ANSWERS, run_id).headers["cache-control"] == "no-store"


def test_what_is_known_is_not_sent_again(run_id):
    assert answers(run_id, "after=20") == {"step": 20}
    assert "probs" in answers(run_id, "after=10")


def test_a_run_that_went_back_sends_what_it_has(run_id, store):
    store.delete_metrics_after(run_id, step=15, epoch=1)
    assert answers(run_id, "after=20")["step"] == 10


def test_before_the_first_look_there_is_nothing(store):
    assert answers(store.create_run(TrainConfig())) == {"step": 0, "probs": []}


def test_the_pictures_are_sent_as_they_were_kept(run_id, store):
    assert ask(PICTURES, run_id).status_code == 404
    path = store.workspace.run_dir(run_id) / "examples.png"
    path.write_bytes(b"png")
    answer = ask(PICTURES, run_id)
    assert (str(answer.path), answer.media_type) == (str(path), "image/png")


@pytest.mark.parametrize("endpoint", [ANSWERS, PICTURES], ids=["answers", "pictures"])
@pytest.mark.parametrize("name", ["nothing", "..", "../../etc/passwd", "'; drop table runs; --"])
def test_a_name_that_is_no_run_is_not_found_and_makes_no_folder(run_id, store, name, endpoint):
    before = sorted(store.workspace.root.rglob("*"))
    assert ask(endpoint, name).status_code == 404
    assert sorted(store.workspace.root.rglob("*")) == before
