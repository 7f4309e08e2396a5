"""Download a known archive: from several sources, in parts, checked before anything sees it.

What has arrived lies beside the place of the archive as ``NAME.part`` and outlives a cut, a cancel
and a kill; the next download goes on from there, also from another source, because all of them
have the same file. Only a file with the right size and md5 gets the archive's name.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cifar_core.data.download_files import md5_of, part_path, size_of
from cifar_core.data.download_pace import Pace, Patience
from cifar_core.data.download_request import Fault, SourceError, asked, read_some
from cifar_core.data.download_sources import CIFAR10_ARCHIVE, Archive, choose_sources, host_of
from cifar_core.data.turns import my_turn
from cifar_core.errors import DatasetError
from cifar_core.files import sync
from cifar_core.workspace import Workspace

_BLOCK = 256 * 1024

log = logging.getLogger("cifar_core.download")


@dataclass(frozen=True)
class Arrived:
    """How far a download is.

    Attributes:
        done: bytes on this machine.
        total: bytes of the whole file.
        source: host that is asked; empty while another process downloads, or nobody is asked.
        bytes_per_s: how fast it comes; 0 while that is not known.
    """

    done: int
    total: int
    source: str = ""
    bytes_per_s: float = 0.0


Told = Callable[[Arrived], None]


def download_cifar10(
    workspace: Workspace, *, sources: Sequence[str] = (), told: Told | None = None
) -> Path:
    """Get the official CIFAR-10 archive, unless it is there.

    Args:
        workspace: in whose data folder it is put.
        sources: addresses to try instead of the known ones.
        told: told how far the download is, from the calling thread.

    Returns:
        Where the archive is.

    Raises:
        DatasetError: no source gives it, or the disk has no room for it.
    """
    return download(CIFAR10_ARCHIVE, workspace.data_dir, sources=sources, told=told)


def download(
    archive: Archive,
    folder: Path,
    *,
    sources: Sequence[str] = (),
    told: Told | None = None,
    patience: Patience | None = None,
) -> Path:
    """Get an archive; as ``download_cifar10``, for any file that is known before.

    Of two that ask at once, one downloads, and the other waits and finds it.
    """
    chosen = choose_sources(archive, sources)
    target, part = folder / archive.name, part_path(archive, folder)
    tell = told or (lambda arrived: None)

    def wait() -> None:
        tell(Arrived(size_of(part), archive.size))

    with my_turn(folder / f".{archive.name}.lock", wait):
        if not target.is_file():
            _check_room(archive, folder)
            _Download(archive, folder, chosen, tell, patience or Patience()).run()
    return target


class _Download:
    """One download, by the process whose turn it is."""

    def __init__(
        self, archive: Archive, folder: Path, sources: Sequence[str], tell: Told,
        patience: Patience,
    ) -> None:  # fmt: skip
        self.archive, self.folder, self.sources = archive, folder, sources
        self.tell, self.patience = tell, patience
        self.part = part_path(archive, folder)
        self._writers: set[str] = {"an earlier download"} if self._done() else set()
        """Whom the bytes of the part come from."""

    def run(self) -> None:
        """Try the sources in turn; at first leave slow ones for others, in the end take them."""
        if self._done() == self.archive.size and self._keep():
            return  # an earlier one was ended just before that
        if self._done() >= self.archive.size:
            self._clear()
        failures: dict[str, SourceError] = {}
        for hurried in (True, False) if len(self.sources) > 1 else (False,):
            for source in self.sources:
                if not hurried and source in failures and not _deserves_patience(failures[source]):
                    continue
                failure = self._try(source, hurried=hurried)
                if failure is None:
                    return
                log.warning("%s (%s)", failure, source)
                failures[source] = failure
        raise self._none_left(list(failures.values()))

    def _try(self, source: str, *, hurried: bool) -> SourceError | None:
        """Ask one source until it has given the file, or shows that it will not."""
        failed, best = 0, self._done()
        while True:
            try:
                self._receive(source, hurried=hurried)
                return None
            except SourceError as failure:
                if failure.fault == Fault.RANGES and not hurried:
                    self._clear()  # no other source is left: begin anew with this one
                elif not self._may_recover(failure, source):
                    return failure
                failed = 1 if self._done() >= best + self.patience.least_gain else failed + 1
                best = max(best, self._done())
                if failed >= self.patience.tries:
                    return failure
                log.info("%s; asking again", failure)
            self.patience.sleep(self.patience.pause_s * 2 ** (failed - 1))

    def _receive(self, source: str, *, hurried: bool) -> None:
        self.tell(Arrived(self._done(), self.archive.size, host_of(source)))
        size, offset = self.archive.size, self._done()
        with asked(source, offset, size, self.patience.silence_s) as (answer, start):
            if start != offset:
                self._clear()
            self._copy(answer, source, Pace(self.patience, host_of(source), hurried=hurried))
        if self._keep():
            return
        alone = self._writers == {source}
        self._clear()
        # Where others wrote a part of it, the fault may be theirs: this one gets a second chance.
        fault = Fault.REFUSED if alone else Fault.BROKEN
        raise SourceError(f"{host_of(source)} has a file with another content", fault)

    def _copy(self, answer: object, source: str, pace: Pace) -> None:
        """Add to the part what comes, and never more than belongs there."""
        host, total, done = host_of(source), self.archive.size, self._done()
        with _disk_problems_told(self.folder), self.part.open("ab") as file:
            while done < total:
                block = read_some(answer, min(_BLOCK, total - done), source)
                if not block:
                    raise SourceError(f"{host} cut the connection", Fault.BROKEN)
                self._writers.add(source)
                file.write(block)
                done += len(block)
                pace.count(len(block))
                self.tell(Arrived(done, total, host, pace.bytes_per_s))

    def _keep(self) -> bool:
        """Give the part the archive's name, if it is the archive."""
        with _disk_problems_told(self.folder):
            if md5_of(self.part) != self.archive.md5:
                return False
            sync(self.part)
            self.part.replace(self.folder / self.archive.name)
            sync(self.folder)
        return True

    def _may_recover(self, failure: SourceError, source: str) -> bool:
        """Whether asking again soon makes sense; a source that gave something was reachable."""
        gone = failure.fault == Fault.UNREACHABLE and source in self._writers
        return gone or failure.fault == Fault.BROKEN

    def _clear(self) -> None:
        self.part.unlink(missing_ok=True)
        self._writers.clear()

    def _done(self) -> int:
        return size_of(self.part)

    def _none_left(self, failures: list[SourceError]) -> DatasetError:
        name, place = self.archive.name, self.folder
        if all(failure.fault == Fault.UNREACHABLE for failure in failures):
            return DatasetError(
                f"None of the places that have {name} can be reached; this machine seems to be "
                f"offline. Copy the file into {place} yourself, or use the built-in set."
            )
        reasons = "; then ".join(str(failure) for failure in failures)
        return DatasetError(
            f"{name} could not be downloaded: {reasons}. Try again later, copy the file into "
            f"{place} yourself, or use the built-in set."
        )


@contextmanager
def _disk_problems_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(f"The download cannot be written to {folder}: {reason}.") from error


def _deserves_patience(failure: SourceError) -> bool:
    return failure.fault in (Fault.SLOW, Fault.RANGES)


def _check_room(archive: Archive, folder: Path) -> None:
    needed = archive.size - size_of(part_path(archive, folder)) + archive.room
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DatasetError(
            f"The disk of {folder} has {free / 1e6:,.0f} MB left; {archive.name} and what is made "
            f"of it need {needed / 1e6:,.0f} MB. Make room there and try again."
        )
