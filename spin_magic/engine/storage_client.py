"""The client of Metaflow's S3 datastore, which gives up soon and keeps the reason.

Metaflow's own asks up to 20 times, waiting twice as long each time, and keeps the last text alone: what is
an hour for a task on a cluster is an hour for a person at a notebook. Only datastores that spin_magic opens
get this one; the settings of the process stay as they are.
"""

from __future__ import annotations

import threading
from typing import Any

from metaflow import metaflow_config
from metaflow.exception import MetaflowException

from spin_magic.engine.storage_words import code

TRIES = 3
# Seconds without a byte.
TO_CONNECT = 5.0
TO_ANSWER = 20.0
CONNECTIONS = 20

# Metaflow does what is right with these; a missing key comes as one of the first two.
METAFLOWS = frozenset({"404", "NoSuchKey", "416", "InvalidRange"})


class GaveUp(MetaflowException):  # type: ignore[misc]
    """Goes through Metaflow's retries; its cause is what botocore raised."""

    headline = "S3 access failed"


class SoonClient:
    """Stands in for ``S3Storage.s3_client``: the same three names.

    Parameters
    ----------
    kind : type
        Metaflow's own class for it.
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._theirs: Any = None
        self._error: Any = None
        self._lock = threading.Lock()
        self._broken = threading.local()

    @property
    def client(self) -> Any:
        return _Calls(self._opened().client, self._forget)

    @property
    def error(self) -> Any:
        # Metaflow asks for it when a call has failed: that must not make a client of the old credentials.
        return self._error or self._opened().error

    def reset_client(self) -> None:
        """Metaflow calls this after each try that failed: what is left to fail is reading the answer."""
        self._broken.times = getattr(self._broken, "times", 0) + 1
        if self._broken.times >= TRIES:
            self._broken.times = 0  # this read is over; the next has its own tries
            msg = f"ConnectionError: the connection broke while reading, {TRIES} times"
            raise GaveUp(msg) from ConnectionResetError(msg)

    def _opened(self) -> Any:
        with self._lock:
            if self._theirs is None:
                theirs = self._kind(s3_client_params=_bounded(metaflow_config.DATATOOLS_CLIENT_PARAMS))
                theirs.reset_client()
                self._theirs, self._error = theirs, theirs.error
            return self._theirs

    def _forget(self) -> None:
        # The next one reads the credentials anew: they may have been renewed meanwhile.
        self._theirs = None


class _Calls:
    """A client of botocore: what it cannot do is raised through Metaflow's retries, with its cause."""

    def __init__(self, client: Any, forget: Any) -> None:
        self._client = client
        self._forget = forget

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def asked(*args: Any, **kwargs: Any) -> Any:
            try:
                return call(*args, **kwargs)
            except Exception as ex:
                if code(ex) in METAFLOWS:
                    raise
                self._forget()
                raise GaveUp(str(ex)) from ex

        return asked


def _bounded(params: dict[str, Any]) -> dict[str, Any]:
    retries = {"mode": "standard", "total_max_attempts": TRIES}
    ours = {"connect_timeout": TO_CONNECT, "read_timeout": TO_ANSWER, "max_pool_connections": CONNECTIONS}
    theirs = params.get("config") or {}
    if isinstance(theirs, dict):
        return {**params, "config": {**ours, **theirs, "retries": retries}}
    # Metaflow has made a Config of them, in place.
    return {**params, "config": theirs.merge(type(theirs)(**ours, retries=retries))}
