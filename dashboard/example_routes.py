"""The addresses that the strip of example pictures asks: the pictures, and the newest answers."""

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cifar_core.errors import RunError
from cifar_core.run_paths import EXAMPLES_FILE
from cifar_core.store import Store
from dashboard.services import get_store


async def send_answers(request: Request) -> Response:
    """Answer with the newest class probabilities of a run's example pictures.

    ``{"step": 120, "probs": [[...], ...]}``; without ``probs`` where the asker has that step.
    """
    return await anyio.to_thread.run_sync(_answers, request)


def _answers(request: Request) -> Response:
    run_id, seen = request.path_params["run_id"], request.query_params.get("after", "")
    store = get_store()
    newest = store.last_examples(run_id)
    try:
        step, probs = newest or _none_yet(store, run_id)
    except RunError as error:
        return JSONResponse({"error": str(error)}, 404)
    news = {"step": step} if seen == str(step) else {"step": step, "probs": probs}
    return JSONResponse(news, headers={"Cache-Control": "no-store"})


def _none_yet(store: Store, run_id: str) -> tuple[int, list[list[float]]]:
    """Return step 0 and no answers, for a run that exists.

    Raises:
        RunError: there is no such run.
    """
    store.run(run_id)
    return 0, []


async def send_pictures(request: Request) -> Response:
    """Answer with a PNG of a run's example pictures, side by side, 32 pixels each."""
    return await anyio.to_thread.run_sync(_pictures, request)


def _pictures(request: Request) -> Response:
    store = get_store()
    try:
        run = store.run(request.path_params["run_id"])  # the id in the store, never the text given
    except RunError as error:
        return JSONResponse({"error": str(error)}, 404)
    path = store.workspace.run_dir(run.run_id) / EXAMPLES_FILE
    if not path.is_file():
        return JSONResponse({"error": "This run has no example pictures."}, 404)
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "no-cache"})


EXAMPLE_ROUTES: list[BaseRoute] = [
    Route("/api/runs/{run_id}/examples", send_answers),
    Route("/api/runs/{run_id}/examples.png", send_pictures),
]
