"""The errors that a person may meet.

Each message is a sentence that says what was found, what was expected and what to do. Pages show it
and the command line prints it, both without a trace.
"""


class WorkbenchError(Exception):
    """Base of every error whose message is meant for the person at the screen."""


class ConfigError(WorkbenchError, ValueError):
    """A setting is out of its range, unknown, or does not fit another setting or the data."""


class DatasetError(WorkbenchError):
    """Images could not be found, read or split as asked."""


class ImageError(WorkbenchError):
    """The bytes are not a picture that can be opened safely."""


class CheckpointError(WorkbenchError):
    """A model file is damaged, unsafe, or holds something other than what was expected."""


class TrainingError(WorkbenchError):
    """Training cannot go on, for example because the loss is no longer a number."""


class RunError(WorkbenchError):
    """A run does not exist or is not in a state that allows what was asked."""
