"""S3 and a metadata service on this machine: moto's server, and `metaflow-local-service` from PyPI.

Where that service differs from Netflix's: runs are numbered by time and not from 1, all ids are text,
a run's or task's own id in a POST is ignored, `/flows/F/runs/R/metadata` is not there, an unknown flow has
an empty list of runs, and there are no keys, no paging and no database.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.relay import Relay, free_port, relaying, wait_for

BUCKET = "flows"
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
SERVE = """
import sys, uvicorn
from metaflow_local_service.server import create_app
uvicorn.run(create_app(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""


@dataclass
class Remote:
    """Both servers, each behind its relay."""

    storage: Relay
    service: Relay

    def environment(self) -> dict[str, str]:
        """Give the settings of Metaflow with which a team would use them."""
        return {
            **KEYS,
            "METAFLOW_DEFAULT_DATASTORE": "s3",
            "METAFLOW_DATASTORE_SYSROOT_S3": f"s3://{BUCKET}/metaflow",
            "METAFLOW_S3_ENDPOINT_URL": self.storage.url,
            "METAFLOW_DEFAULT_METADATA": "service",
            "METAFLOW_SERVICE_URL": self.service.url,
        }


@contextmanager
def remote(folder: Path) -> Iterator[Remote]:
    """Start both, with an empty bucket; the service keeps what it knows in a folder."""
    import boto3

    ports = free_port(), free_port()
    commands = (
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(ports[0])],
        [sys.executable, "-c", SERVE, str(folder), str(ports[1])],
    )
    log = (folder / "servers.log").open("wb")
    servers = [subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) for command in commands]
    try:
        for port in ports:
            wait_for(port)
        storage, service = (f"http://127.0.0.1:{port}" for port in ports)
        keys = {name.lower(): value for name, value in KEYS.items() if "KEY" in name}
        boto3.client("s3", region_name="us-east-1", endpoint_url=storage, **keys).create_bucket(Bucket=BUCKET)
        with relaying(storage) as to_storage, relaying(service) as to_service:
            yield Remote(to_storage, to_service)
    finally:
        for server in servers:
            server.kill()
            server.wait()
        log.close()
