"""Image classification on CIFAR-10: data, networks, training, evaluation, prediction.

Knows nothing of Streamlit, Plotly, sessions or browsers. Importing the package does no work; torch
is imported by the modules that compute with it, not by those that only watch a run.

The rooms, in the direction of imports:

    errors, workspace, config, records     plain Python, no torch
    data/, models/                         where images come from; the networks
    training, evaluation, prediction, explanation, checkpoint, export
    store, jobs                            runs on disk, runs as processes; no torch
    worker                                 joins data, training and store for one run
    cli/, __main__                         the command line
"""

__version__ = "0.1.0"
