"""One SQLite file, opened for a transaction at a time from any thread or process."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock

from cifar_core.errors import RunError
from cifar_core.files import write_file_atomically
from cifar_core.schema import ADDED_TABLES, SCHEMA, SCHEMA_VERSION

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one before it gives up."""

_DAMAGES = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CANTOPEN")
_OTHER_FOLDER = "Or choose another folder with CIFAR_HOME."


class Database:
    """The tables of ``schema``. A connection costs 0.2 ms, so none is kept."""

    def __init__(self, path: Path) -> None:
        """Make the file and its tables where there are none.

        Raises:
            RunError: the folder cannot be made, or the file is damaged or from a newer version of
                this program.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._is_missing():
                self._create()
        except OSError as error:
            raise RunError(f"{path} cannot be made: {error.strerror}. {_OTHER_FOLDER}") from error
        self._check()

    @contextmanager
    def connect(self, *, patience_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction: committed at the end, undone by an error.

        Args:
            patience_s: how long to wait for another writer; None is ``BUSY_TIMEOUT_S``.
        """
        patience_s = BUSY_TIMEOUT_S if patience_s is None else patience_s
        db = sqlite3.connect(self._path, timeout=patience_s)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA synchronous=NORMAL")  # safe with WAL; a commit costs no disk flush
            with db:
                yield db
        finally:
            db.close()

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Make many transactions meanwhile cheaper, by any thread or process.

        Whenever nobody has the file open any more, SQLite writes its log back into it and waits for
        the disk. Here somebody always has.
        """
        with closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)) as db:
            db.execute("PRAGMA user_version").fetchone()  # it is opened when it is first read
            yield

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """Open the file with the write lock held from the start: look, decide, write."""
        with self.connect() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db

    def _create(self) -> None:
        """Make the file aside and move it into place whole, once: nobody meets half of it."""
        with FileLock(self._path.with_name(f".{self._path.name}.lock")):
            if self._is_missing():
                write_file_atomically(self._path, _write_tables)

    def _is_missing(self) -> bool:
        return not self._path.exists() or not self._path.stat().st_size

    def _check(self) -> None:
        try:
            with self.connect() as db:
                version = int(db.execute("PRAGMA user_version").fetchone()[0])
                if version == SCHEMA_VERSION:
                    _add_tables(db)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname not in _DAMAGES:
                raise
            raise RunError(
                f"{self._path} is no database of this program, or it is damaged ({error}). Move it "
                f"away. {_OTHER_FOLDER}"
            ) from error
        if version != SCHEMA_VERSION:
            raise RunError(
                f"{self._path} was written by another version of this program (tables "
                f"{version}; this one reads {SCHEMA_VERSION}). Update it. {_OTHER_FOLDER}"
            )


def _add_tables(db: sqlite3.Connection) -> None:
    """Add the tables that a file from an earlier program lacks."""
    there = {row["name"] for row in db.execute("SELECT name FROM sqlite_master")}
    for name, statement in ADDED_TABLES.items():
        if name not in there:
            db.execute(statement)


def _write_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(SCHEMA)
