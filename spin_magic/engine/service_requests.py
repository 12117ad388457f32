"""GETs to Metaflow's metadata service which end soon, and say what went wrong.

Metaflow's own asks five times within half a minute, and waits for an answer without end.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from metaflow import metaflow_config

from spin_magic.errors import TaskError

# Seconds, in all; to connect; and between one try and the next.
PATIENCE = 30.0
TO_CONNECT = 5.0
PAUSES = (0.2, 0.8)
PASSING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

URL = "Check METAFLOW_SERVICE_URL and the network, then spin again."


def bounded(provider: Any) -> Any:
    """Give a provider like this one, whose GETs are bounded; one that is not Metaflow's own comes back."""
    if not hasattr(provider, "_session") or not hasattr(provider, "_request"):
        return provider
    made: Any = type("BoundedProvider", (_Bounded, provider), {})
    # Metaflow's metaclass forgets the address where a class is made.
    made._INFO = provider.INFO
    return made


class _Bounded:
    _INFO: str
    _session: Any

    @classmethod
    def _request(cls, monitor: Any, path: str, method: str, *args: Any, **kwargs: Any) -> Any:
        answer = _get(cls._session, cls._INFO, path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            # What Metaflow's provider takes for nothing there.
            raise _not_found()(f"{path} is not there", HTTPStatus.NOT_FOUND)
        _check(cls._INFO, answer)
        try:
            return answer.json(), True
        except ValueError as ex:
            raise _no_service(cls._INFO, answer) from ex

    @classmethod
    def check_service(cls) -> None:
        """Make sure that what answers is a metadata service: one that has nothing looks like a wrong URL."""
        answer = _get(cls._session, cls._INFO, "ping")
        _check(cls._INFO, answer)
        if not answer.ok or "html" in answer.headers.get("Content-Type", ""):
            raise _no_service(cls._INFO, answer)

    @classmethod
    def too_old(cls) -> TaskError:
        """Make the error for a service that does not know what is asked of it."""
        version = _get(cls._session, cls._INFO, "ping").headers.get("METADATA_SERVICE_VERSION")
        what = f"is of version {version}, which is too old" if version else "is too old to say its version"
        return TaskError(
            f"The metadata service at {cls._INFO} {what}: it does not give the metadata of tasks. "
            "Upgrade it to 2.0.6, which Metaflow itself asks for, or newer."
        )


def _get(session: Any, url: str, path: str) -> Any:
    """Ask until there is an answer, a few times and no longer than the user's patience."""
    until = time.monotonic() + PATIENCE
    pauses = iter(PAUSES)
    while True:
        left = max(until - time.monotonic(), 0.001)
        answer, error = None, None
        try:
            answer = session.get(
                f"{url.rstrip('/')}/{path.lstrip('/')}",
                headers=dict(metaflow_config.SERVICE_HEADERS),
                timeout=(min(TO_CONNECT, left), left),
            )
        except OSError as ex:  # every exception of requests is one
            error = ex
        if answer is not None and answer.status_code not in PASSING:
            return answer
        pause = next(pauses, until)
        if time.monotonic() + pause < until:
            time.sleep(pause)
        elif error is not None:
            raise _unreachable(url, error) from error
        else:
            return answer


def _check(url: str, answer: Any) -> None:
    status = answer.status_code
    if status in REFUSED:
        msg = f"The metadata service at {url} refuses to answer (code {status}): {_text(answer)}."
        raise TaskError(f"{msg} Check METAFLOW_SERVICE_AUTH_KEY, or ask for the right to use it.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        msg = f"The metadata service at {url} is in trouble (code {status}): {_text(answer)}."
        raise TaskError(f"{msg} Whoever runs it finds more in its log; spin again when it is well.")


def _unreachable(url: str, ex: Exception) -> TaskError:
    kinds = {kind.__name__ for kind in type(ex).__mro__}
    text = str(ex)
    if "ReadTimeout" in kinds:
        return TaskError(f"The metadata service at {url} does not answer: nothing for {PATIENCE:g} s. {URL}")
    if "NameResolution" in text or "Name or service not known" in text:
        what = "its host is not known"
    elif "Connection refused" in text:
        what = "nothing listens there (Connection refused)"
    elif "ConnectTimeout" in kinds:
        what = "there is no way to it (the connection timed out)"
    elif "InvalidSchema" in kinds or "MissingSchema" in kinds or "InvalidURL" in kinds:
        what = "that is not a URL"
    else:
        what = f"the connection broke {len(PAUSES) + 1} times ({_short(text)})"
    return TaskError(f"The metadata service at {url} cannot be reached: {what}. {URL}")


def _no_service(url: str, answer: Any) -> TaskError:
    kind = answer.headers.get("Content-Type", "").partition(";")[0] or "something else"
    found = "a web page" if "html" in kind else kind
    return TaskError(
        f"What answers at {url} is not a metadata service: it sends {found} (code {answer.status_code}). "
        "Check METAFLOW_SERVICE_URL."
    )


def _not_found() -> Any:
    from metaflow.plugins.metadata_providers.service import ServiceException  # noqa: PLC0415 -- imports requests

    return ServiceException


def _text(answer: Any) -> str:
    return _short(answer.text) or "it does not say why"


def _short(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
