import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from cifar_core.config import TrainConfig
from cifar_core.records import StepRecord
from dashboard.routes import PLOTLY_ADDRESS, ROUTES
from dashboard.security import SecurityHeaders


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Client:
    port: int

    def get(self, address: str, method: str = "GET", **query: object) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, address + ("?" + urlencode(query) if query else ""))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, content)


@pytest.fixture(scope="module")
def client():
    """The routes behind a real server on a free port."""
    app = Starlette(routes=ROUTES, middleware=[Middleware(SecurityHeaders)])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Client(listener.getsockname()[1])
    server.should_exit = True
    thread.join()


@pytest.fixture
def run_id(store):
    run_id = store.create_run(TrainConfig())
    store.add_metrics(run_id, [StepRecord(n, 1, 1 / n, 1e-3, 9.0) for n in range(1, 21)])
    return run_id


def test_a_chart_gets_the_points_after_those_it_has(client, run_id):
    whole = client.get(f"/api/runs/{run_id}/curves").json()
    assert whole["points"]["step"] == list(range(1, 21))
    loss = whole["points"]["loss"][11]
    news = client.get(f"/api/runs/{run_id}/curves", after_step=12, after_loss=loss).json()
    assert news["points"]["step"] == list(range(13, 21))
    assert not news["reset"]


def test_curves_are_never_kept_by_a_cache(client, run_id):
    assert client.get(f"/api/runs/{run_id}/curves").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "run_id", ["nonsense", "..%2F..%2Fetc%2Fpasswd", "%00", "%27%20OR%201=1%20--", "a" * 5000]
)
def test_an_unknown_run_is_told_in_a_sentence_and_touches_no_file(client, home, run_id):
    answer = client.get(f"/api/runs/{run_id}/curves")
    assert answer.status == 404
    assert not (home / "runs").exists()


def test_an_unknown_run_is_told_as_json(client):
    assert "nonsense" in client.get("/api/runs/nonsense/curves").json()["error"]


@pytest.mark.parametrize("query", ["after_step=x", "after_loss=much", "after_epoch=1.5"])
def test_a_query_that_is_no_number_is_refused(client, run_id, query):
    answer = client.get(f"/api/runs/{run_id}/curves?{query}")
    assert answer.status == 400
    assert "error" in answer.json()


def test_nobody_can_write_through_the_routes(client, run_id):
    assert client.get(f"/api/runs/{run_id}/curves", method="POST").status == 405


def test_plotly_comes_from_the_installed_package_and_may_be_kept_for_ever(client):
    answer = client.get(PLOTLY_ADDRESS)
    assert b"plotly.js v" in answer.content[:200]
    assert "immutable" in answer.headers["cache-control"]


def test_the_icon_is_our_own(client):
    assert client.get("/favicon.png").headers["content-type"] == "image/svg+xml"


def test_every_answer_carries_the_security_headers(client, run_id):
    for address in (f"/api/runs/{run_id}/curves", "/api/runs/x/curves", PLOTLY_ADDRESS, "/none"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "http:" not in policy
        assert "https:" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=(self)" in headers["permissions-policy"]
