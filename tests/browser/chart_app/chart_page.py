"""The page of the chart server."""

import streamlit as st

from dashboard.live_chart import live_chart

st.set_page_config(layout="wide")
st.title("Chart")
st.button("Run the page again", key="again")
live_chart(st.query_params["run"], key="chart")
