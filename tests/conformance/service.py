"""A stand-in for Metaflow's metadata service: it answers the GETs of its client from a local folder."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LEVELS = ("flows", "runs", "steps", "tasks")


class Service:
    """What the stand-in knows, what it was asked, and how it misbehaves.

    Attributes
    ----------
    asked : list of str
        The paths of all requests since it was last cleared.
    broken : int
        A status with which to answer everything; 0 for none.
    delay : float
        Seconds before each answer.
    more_runs : int
        How many older runs to claim that there are.
    storage : str
        The type of datastore that it claims to know the artifacts in.
    in_bulk : bool
        Does it give the metadata of a whole run.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        self.broken = 0
        self.delay = 0.0
        self.more_runs = 0
        self.storage = "local"
        self.in_bulk = True
        self.url = ""

    def answer(self, path: str) -> Any:
        """Give the object or the list at a path; None where there is nothing."""
        parts = path.strip("/").split("/")
        if parts == ["ping"]:
            return "pong"
        names = [name for level, name in zip(parts[::2], parts[1::2], strict=False) if level in LEVELS]
        folder = self.root.joinpath(*names)
        if parts[-1] == "metadata":
            files = "_meta/sysmeta_*" if "tasks" in parts else "*/*/_meta/sysmeta_*"
            if "tasks" not in parts and not self.in_bulk:
                return None
            data = [as_service(read(file)) for file in folder.glob(files)]
            return [d | {"value": self.storage} if d["field_name"] == "ds-type" else d for d in data]
        if parts[-1] == "artifacts":
            records = [as_service(read(file)) for file in (folder / "_meta").glob("*_artifact_*")]
            return [record | {"ds_type": self.storage} for record in records]
        if len(parts) % 2 == 0:
            file = folder / "_meta" / "_self.json"
            return as_service(read(file)) if file.is_file() else None
        found = [as_service(read(file)) for file in folder.glob("*/_meta/_self.json")]
        if parts[-1] == "runs" and found:
            found += [{**found[0], "run_number": n, "ts_epoch": n} for n in range(1, self.more_runs + 1)]
        return found


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def as_service(known: dict[str, Any]) -> dict[str, Any]:
    """Give numbers as the service's database does."""
    return {
        key: int(value) if key in ("run_number", "task_id") and str(value).isdigit() else value
        for key, value in known.items()
    }


@contextmanager
def serving(root: Path) -> Iterator[Service]:
    """Serve a ``.metaflow`` folder on this machine."""
    service = Service(root)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # an answer in two packets waits 40 ms for the first to be acknowledged

        def do_GET(self) -> None:
            service.asked.append(self.path)
            time.sleep(service.delay)
            found = None if service.broken else service.answer(self.path)
            body = json.dumps(found).encode()
            self.send_response(service.broken or (404 if found is None else 200))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
