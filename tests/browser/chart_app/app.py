"""A server with nothing but one live chart: ``/?run=RUN_ID``. For ``test_live_chart.py``."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard.routes import ROUTES
from dashboard.security import SecurityHeaders

app = st.App(
    Path(__file__).parent / "chart_page.py",
    routes=ROUTES,
    middleware=[Middleware(SecurityHeaders)],
)
