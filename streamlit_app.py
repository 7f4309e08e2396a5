"""Composition root: what ``streamlit run streamlit_app.py`` starts.

Joins the frame with the routes that its components poll, the security headers and the hooks at
start and end. Everything else is in ``dashboard/`` and ``pages/``.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard.hooks import lifespan, show_script_error
from dashboard.routes import ROUTES
from dashboard.security import SecurityHeaders

app = st.App(
    Path(__file__).parent / "dashboard" / "frame.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(SecurityHeaders)],
    on_script_error=show_script_error,
)
