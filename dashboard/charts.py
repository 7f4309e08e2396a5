"""The shared look of every Plotly figure. Pure: no Streamlit, so figures are tested by their data.

``st.plotly_chart`` re-colours text and grid in the browser for light and dark; what a figure sets
itself are its margins, its traces' colours and what hovering says.
"""

from typing import Any

import plotly.graph_objects as go

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "displayModeBar": False,
    "responsive": True,
}
"""For ``st.plotly_chart(config=...)``."""


def new_figure(*traces: Any, height: int = 320, x_title: str = "", y_title: str = "") -> go.Figure:
    """Return a figure in the shared look.

    Args:
        traces: Plotly traces.
        height: in pixels.
        x_title: what the horizontal axis counts, with its unit; may be empty.
        y_title: likewise for the vertical one.
    """
    figure = go.Figure(traces)
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_xaxes(title_text=x_title or None, automargin=True, zeroline=False)
    figure.update_yaxes(title_text=y_title or None, automargin=True, zeroline=False)
    return figure
