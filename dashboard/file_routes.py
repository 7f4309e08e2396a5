"""The addresses of the files that a visitor takes home: models and runs.

Streamlit's own download button was not enough: what it makes on a click it forgets as soon as any
two visitors' pages have run, often before the browser has asked for it.

``?lang=zh`` is the language of the sentence that says why there is no such file.
"""

from collections.abc import Callable

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cifar_core.errors import WorkbenchError
from cifar_core.library import find_model
from dashboard import models_files, runs_files
from dashboard.i18n import LANGUAGES
from dashboard.sentences import translated
from dashboard.services import get_store, get_workspace

_FEW_AT_A_TIME = anyio.CapacityLimiter(4)
"""Files take seconds to make; without it they could hold every thread that the charts need."""


async def send_model(request: Request) -> Response:
    """Answer with a model as a file; ``format`` is one of ``models_files.FORMATS``."""
    return await _send(request, _model)


async def send_run(request: Request) -> Response:
    """Answer with a file about a run; ``kind`` is a key of ``runs_files.MIMES``."""
    return await _send(request, _run)


async def _send(request: Request, make: Callable[[Request], Response]) -> Response:
    try:
        return await anyio.to_thread.run_sync(make, request, limiter=_FEW_AT_A_TIME)
    except WorkbenchError as error:
        asked = request.query_params.get("lang", "")
        language = asked if asked in LANGUAGES else "en"
        return JSONResponse({"error": translated(str(error), language)}, 404)


def _model(request: Request) -> Response:
    entry = find_model(get_workspace(), request.path_params["model_id"])
    format = request.path_params["format"]
    content = models_files.file_content(entry.path, format)
    return _file(content, models_files.file_name(entry, format), models_files.MIME)


def _run(request: Request) -> Response:
    run_id, kind = request.path_params["run_id"], request.path_params["kind"]
    content = runs_files.file_content(get_store(), run_id, kind)
    return _file(content, runs_files.file_name(run_id, kind), runs_files.MIMES[kind])


def _file(content: bytes, name: str, mime: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=mime, headers=headers)


FILE_ROUTES: list[BaseRoute] = [
    Route("/api/models/{model_id}/files/{format}", send_model),
    Route("/api/runs/{run_id}/files/{kind}", send_run),
]
