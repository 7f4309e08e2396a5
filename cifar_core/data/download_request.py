"""One question to one source: its file from some byte on, and why it did not come."""

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from http import HTTPStatus
from typing import IO, Any

from cifar_core.data.download_sources import host_of, is_web_address

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_TRY_AGAIN_STATUS = frozenset({408, 425, 429})
"""Answers below 500 that say nothing against asking again."""


class Fault(Enum):
    """What a failure says about asking the same source again."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    BROKEN = "broken"
    SLOW = "slow"
    RANGES = "ranges"


class SourceError(Exception):
    """A source did not give the file; the text says why, as a part of a sentence."""

    def __init__(self, reason: str, fault: Fault) -> None:
        """Keep both."""
        super().__init__(reason)
        self.fault = fault


class _OnlyTheWeb(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to http and https, never to a file or an FTP server of its choice."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: http.client.HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        if not is_web_address(newurl):
            raise urllib.error.HTTPError(newurl, code, msg, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _build_opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https and nothing else; proxies as everywhere."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
        _OnlyTheWeb, urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):  # fmt: skip
        opener.add_handler(handler())
    return opener


@contextmanager
def asked(source: str, offset: int, size: int, timeout_s: float) -> Iterator[tuple[Any, int]]:
    """Ask a source for a file from a byte on.

    Args:
        source: its address.
        offset: of the first byte that is wanted.
        size: of the whole file, which is known.
        timeout_s: longest silence, in seconds.

    Yields:
        The answer's body, and the offset at which it begins: ``offset``, or 0 where the source
        knows no ranges.

    Raises:
        SourceError: it gives nothing, or something else.
    """
    headers = {"User-Agent": "cifar-workbench", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        request = urllib.request.Request(source, headers=headers)
        answer = _build_opener().open(request, timeout=timeout_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise explain(error, source) from error
    with answer:
        yield answer, _check(answer, source, offset, size)


def read_some(answer: Any, most: int, source: str) -> bytes:
    """Return what has arrived, at least a byte unless that was all.

    Raises:
        SourceError: the connection broke, or was silent for too long.
    """
    try:
        return bytes(answer.read1(most))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise explain(error, source) from error


def explain(error: Exception, source: str) -> SourceError:
    """Return what an error of the network means."""
    host = host_of(source)
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return _explain_status(error.code, host)
    if isinstance(error, urllib.error.URLError):
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            return SourceError(f"the certificate of {host} cannot be trusted", Fault.REFUSED)
        return SourceError(f"{host} cannot be reached", Fault.UNREACHABLE)
    if isinstance(error, TimeoutError):
        return SourceError(f"{host} fell silent", Fault.BROKEN)
    return SourceError(f"{host} cut the connection", Fault.BROKEN)


def _explain_status(status: int, host: str) -> SourceError:
    if 300 <= status < 400:
        return SourceError(f"{host} leads to no file on the web", Fault.REFUSED)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return SourceError(f"{host} cannot continue a download", Fault.RANGES)
    again = status >= 500 or status in _TRY_AGAIN_STATUS
    return SourceError(f"{host} answered {status}", Fault.BROKEN if again else Fault.REFUSED)


def _check(answer: Any, source: str, offset: int, size: int) -> int:
    """Return where the body begins, or find that it cannot be the file."""
    host = host_of(source)
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        if found and int(found[1]) == offset and found[3] in (str(size), "*"):
            return offset
        raise SourceError(f"{host} cannot continue a download", Fault.RANGES)
    if answer.status != HTTPStatus.OK:
        raise SourceError(f"{host} answered {answer.status}", Fault.REFUSED)
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != size:
        raise SourceError(f"{host} has a file of another size", Fault.REFUSED)
    return 0
