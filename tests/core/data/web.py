"""A web server for the tests of the download, which behaves as badly as it is told to."""

import contextlib
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(BaseHTTPRequestHandler):
    """One request; ``behave`` of the server answers it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.server.asked.append((self.path, self.headers.get("Range")))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            self.server.behaviours[self.path](self)

    @property
    def content(self) -> bytes:
        return self.server.content

    def begin(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def begin_range(self) -> bytes:
        """Answer a request for a range as it should be; return what is then to be sent."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start, size = int(found[1]) if found else 0, len(self.content)
        if found:
            self.begin(206, Content_Length=size - start,
                       Content_Range=f"bytes {start}-{size - 1}/{size}")  # fmt: skip
        else:
            self.begin(200, Content_Length=size)
        return self.content[start:]

    def log_message(self, *args):
        pass


def well(request: Answer) -> None:
    request.wfile.write(request.begin_range())


def cut_after(count: int) -> Callable[[Answer], None]:
    """Each connection gives so many bytes and is cut."""

    def behave(request: Answer) -> None:
        request.wfile.write(request.begin_range()[:count])

    return behave


def silent_after(count: int) -> Callable[[Answer], None]:
    def behave(request: Answer) -> None:
        request.wfile.write(request.begin_range()[:count])
        request.wfile.flush()
        request.server.over.wait(30)

    return behave


def status(number: int, **headers: object) -> Callable[[Answer], None]:
    return lambda request: request.begin(number, Content_Length=0, **headers)


def instead(content: bytes) -> Callable[[Answer], None]:
    """Give another file, whole."""

    def behave(request: Answer) -> None:
        request.begin(200, Content_Length=len(content))
        request.wfile.write(content)

    return behave


def without_ranges(request: Answer) -> None:
    instead(request.content)(request)


def wrong_range(request: Answer) -> None:
    """Say that another part comes than was asked for."""
    if "Range" not in request.headers:
        cut_after(1000)(request)
        return
    size = len(request.content)
    request.begin(206, Content_Length=size - 1, Content_Range=f"bytes 1-{size - 1}/{size}")
    request.wfile.write(request.content[1:])


def endless(request: Answer) -> None:
    request.begin(200)
    while not request.server.over.is_set():
        request.wfile.write(b"x" * 65536)


def then(*behaviours: Callable[[Answer], None]) -> Callable[[Answer], None]:
    """Behave in one way after the other; at last always in the last."""
    left = list(behaviours)

    def behave(request: Answer) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return behave


class Web(ThreadingHTTPServer):
    """A server of one file; ``serve`` adds an address that behaves in a certain way."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.behaviours, self.asked = content, {}, []
        self.over = threading.Event()

    def serve(self, behave: Callable[[Answer], None]) -> str:
        path = f"/{len(self.behaviours)}/file.tar.gz"
        self.behaviours[path] = behave
        return f"http://127.0.0.1:{self.server_port}{path}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def end(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()
