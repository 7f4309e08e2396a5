"""Where everything lies on disk: one folder, named by ``CIFAR_HOME`` or ``workspace/`` here."""

import os
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT_VARIABLE = "CIFAR_HOME"


@dataclass(frozen=True)
class Workspace:
    """The paths under one workspace folder; it makes folders on demand and reads nothing."""

    root: Path

    @classmethod
    def default(cls) -> "Workspace":
        """Return the workspace that the environment names, or ``workspace/`` beside the package."""
        beside_package = Path(__file__).resolve().parent.parent / "workspace"
        named = os.environ.get(ENVIRONMENT_VARIABLE)
        return cls(Path(named).expanduser().resolve() if named else beside_package)

    @property
    def database_path(self) -> Path:
        """The SQLite file with runs, metrics and commands."""
        return self.root / "runs.db"

    @property
    def data_dir(self) -> Path:
        """Prepared image sets and the downloaded CIFAR-10 archive."""
        return self._made("data")

    @property
    def models_dir(self) -> Path:
        """Models that were uploaded or kept by hand."""
        return self._made("models")

    @property
    def speeds_dir(self) -> Path:
        """How fast this machine trains, as measured."""
        return self._made("speeds")

    def run_dir(self, run_id: str) -> Path:
        """Return the folder of one run: checkpoints, log, settings.

        Args:
            run_id: an id made by the store; never text from outside.
        """
        return self._made("runs", run_id)

    def _made(self, *parts: str) -> Path:
        path = self.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path
