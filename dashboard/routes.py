"""The addresses beside the pages. ``ROUTES`` is a plain list: append to it.

A run's id is looked up in the store and nowhere else; it never becomes part of a path.
"""

from pathlib import Path

import anyio.to_thread
import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cifar_core.errors import RunError
from dashboard import curves
from dashboard.example_routes import EXAMPLE_ROUTES
from dashboard.file_routes import FILE_ROUTES
from dashboard.services import get_workspace

_CURVES = curves.CurveCache()

ICON = Path(__file__).parent / "icon.svg"
PLOTLY_ADDRESS = f"/api/plotly-{plotly.__version__}.min.js"
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


async def send_curves(request: Request) -> Response:
    """Answer with what a run's chart has not seen yet: see ``curves.news``."""
    try:
        seen = curves.Seen.from_query(request.query_params)
        run_id = request.path_params["run_id"]
        known = _CURVES.fresh(get_workspace(), run_id)
        if known is None:  # only reading needs a thread
            known = await anyio.to_thread.run_sync(_CURVES.read, get_workspace(), run_id)
    except RunError as error:
        return JSONResponse({"error": str(error)}, 404)
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(curves.news(known, seen), headers={"Cache-Control": "no-store"})


async def send_plotly(request: Request) -> Response:
    """Answer with the Plotly.js that the installed plotly brings."""
    return FileResponse(
        PLOTLY_JS,
        media_type="text/javascript",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


async def send_icon(request: Request) -> Response:
    """Answer with our own icon where the browser asks before the page says which."""
    return FileResponse(ICON, media_type="image/svg+xml")


ROUTES: list[BaseRoute] = [
    Route("/favicon.png", send_icon),
    Route("/api/runs/{run_id}/curves", send_curves),
    *EXAMPLE_ROUTES,
    *FILE_ROUTES,
    Route(PLOTLY_ADDRESS, send_plotly),
]
