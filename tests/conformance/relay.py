"""A server between a client and the real one on loopback: it counts requests, and plays what goes wrong."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass
class Trouble:
    """What is answered in place of the real server.

    Attributes
    ----------
    status, body, headers : int, str, dict
        The answer; with status 0 the connection is dropped instead.
    delay : float
        Seconds before it.
    times : int
        How many requests it befalls before things are well again.
    path : str
        It befalls only requests whose path contains this.
    """

    status: int = 0
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    times: int = 10**6
    path: str = ""


class Relay:
    """What was asked of the real server, and what goes wrong on the way.

    Attributes
    ----------
    url : str
        Where the relay listens.
    asked : list of str
        Method and path of each request since it was last cleared.
    trouble : Trouble or None
        What goes wrong now.
    rewrite : tuple of (str, str)
        What is replaced in the answers, and by what.
    latency : float
        Seconds before each answer.
    most_at_once : int
        How many requests were under way at the same time.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.trouble: Trouble | None = None
        self.rewrite: tuple[tuple[str, str], ...] = ()
        self.latency = 0.0
        self.most_at_once = 0
        self.over = threading.Event()
        self._under_way = 0
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Let everything be well again, and whoever waits have an answer."""
        self.trouble, self.rewrite, self.latency = None, (), 0.0
        self.over.set()
        self.over = threading.Event()
        self.asked.clear()

    def befalls(self, path: str) -> Trouble | None:
        with self._lock:
            trouble = self.trouble
            if trouble is None or trouble.path not in path or trouble.times <= 0:
                return None
            trouble.times -= 1
            return trouble

    @contextmanager
    def under_way(self) -> Iterator[None]:
        with self._lock:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def count(self, work: Callable[[], object]) -> list[str]:
        """Do something, and list the requests that it made."""
        self.asked.clear()
        work()
        return list(self.asked)


class Handler(BaseHTTPRequestHandler):
    relay: Relay
    upstream: str
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def handle_expect_100(self) -> bool:
        # boto waits a second for it, and it would stay in the buffer.
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _handle(self) -> None:
        self.relay.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble = self.relay.befalls(self.path)
        with self.relay.under_way():
            time.sleep(self.relay.latency)
            if trouble is None:
                self._pass_on(body)
            else:
                self._fail(trouble)

    def _fail(self, trouble: Trouble) -> None:
        self.relay.over.wait(trouble.delay)
        if trouble.status == 0:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(trouble.status, trouble.headers.items(), trouble.body.encode())

    def _pass_on(self, body: bytes) -> None:
        real = http.client.HTTPConnection(self.upstream, timeout=60)
        real.request(self.command, self.path, body, dict(self.headers.items()))
        answer = real.getresponse()
        content = answer.read()
        headers = [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP]
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        for old, new in self.relay.rewrite:
            content = content.replace(old.encode(), new.encode())
        self._answer(answer.status, headers, content, length)
        real.close()

    def _answer(self, status: int, headers, body: bytes, length: str | None = None) -> None:
        with suppress(OSError):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = _handle  # noqa: N815 -- the base class's names

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def relaying(upstream: str) -> Iterator[Relay]:
    """Relay to a server until the block ends."""
    relay = Relay()
    handler = type("Relaying", (Handler,), {"relay": relay, "upstream": urlsplit(upstream).netloc})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    relay.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield relay
    finally:
        relay.over.set()
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int, seconds: float = 60) -> None:
    """Wait until something listens on a port."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    msg = f"nothing listens on port {port} after {seconds} s"
    raise RuntimeError(msg)
