"""The room between the pages and the package: the only one beside ``pages/`` that knows Streamlit.

frame, navigation, page, page_root    what surrounds every page
i18n, numbers, states, class_names    how things are said, in the visitor's language
markdown                              text from outside, shown as it is
services                              what is opened once and shared: store, sets, models
colours, charts, pictures             pure functions to Plotly figures and PNGs; no Streamlit
curves                                a run's curves, thinned, as news for a chart; no Streamlit
live_chart, routes                    the curve that moves, and the routes that it polls
browser_side, browser/                the part of our components that runs in the browser
security, hooks                       headers, start and end of the server
home, home_cards                      the parts of the Home page; others are named by their page
"""
