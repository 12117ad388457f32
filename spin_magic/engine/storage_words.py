"""What goes wrong between here and a datastore, in words: told by the names that each library gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spin_magic.errors import TaskError

AGAIN = "then spin again."
SETTINGS = "Check the endpoint, the network and the proxy settings,"
RENEW = "Renew them (with AWS SSO: `aws sso login`),"
PROVIDE = "Provide them (for AWS: a profile in AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY),"


@dataclass(frozen=True)
class Cause:
    """Something that goes wrong: its names in the libraries, what it means, and what to do about it."""

    names: str
    what: str
    then: str


# Codes of answers and names of exceptions, of botocore, google-cloud-storage and azure-storage-blob: no
# library is imported for them. The first line that knows one of them is taken.
KNOWN = (
    Cause(
        "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired RefreshError "
        "UnauthorizedSSOTokenError SSOTokenLoadError TokenRetrievalError",
        "the credentials have expired",
        f"{RENEW} {AGAIN}",
    ),
    Cause(
        "NoCredentialsError PartialCredentialsError CredentialRetrievalError ProfileNotFound "
        "NoAuthTokenError DefaultCredentialsError CredentialUnavailableError",
        "there are no credentials",
        f"{PROVIDE} {AGAIN}",
    ),
    Cause(
        "401 InvalidAccessKeyId SignatureDoesNotMatch InvalidToken AuthFailure AuthenticationFailed "
        "ClientAuthenticationError Unauthenticated MetaflowAzureAuthenticationError",
        "the credentials are not accepted",
        f"Check that they are those of this account, {AGAIN}",
    ),
    Cause(
        "AccessDenied AllAccessDisabled AccountProblem 403 Forbidden AuthorizationFailure "
        "AuthorizationPermissionMismatch MetaflowS3AccessDenied",
        "access is denied",
        f"Use credentials that may read there, or ask for the right to, {AGAIN}",
    ),
    Cause(
        "NoSuchBucket ContainerNotFound ContainerBeingDeleted",
        "the bucket is not there",
        "It may have been deleted, or be another account's: choose a run that is stored elsewhere.",
    ),
    Cause(
        "ReadTimeoutError ReadTimeout ServiceResponseTimeoutError TimeoutError",
        "no answer came in time",
        f"{SETTINGS} {AGAIN}",
    ),
    Cause(
        "ConnectionClosedError IncompleteReadError ResponseStreamingError IncompleteRead "
        "ProtocolError HTTPClientError ConnectionResetError",
        "the connection broke, again and again",
        f"{SETTINGS} {AGAIN}",
    ),
    Cause(
        "EndpointConnectionError ConnectTimeoutError ConnectionError ProxyConnectionError "
        "SSLError ServiceRequestError TransportError",
        "it cannot be reached",
        f"{SETTINGS} {AGAIN}",
    ),
    Cause(
        "500 502 503 504 InternalError ServiceUnavailable SlowDown ServerBusy InternalServerError",
        "the storage itself is in trouble",
        "Wait a little, then spin again.",
    ),
)


class StorageError(TaskError):
    """A datastore cannot be read at all: credentials, rights, the bucket, or the way there."""


def storage_error(where: str, ex: BaseException) -> StorageError:
    """Make an error for the user of whatever a datastore's library has raised.

    Parameters
    ----------
    where : str
        The datastore.
    ex : BaseException
        What was raised. What it came from is looked at as well: Metaflow wraps some.
    """
    names = [name for each in _chain(ex) for name in _names(each)]
    for cause in KNOWN:
        if not set(names).isdisjoint(cause.names.split()):
            return StorageError(
                f"The artifacts in {where} cannot be read: {cause.what} ({_said(ex)}). {cause.then}"
            )
    return StorageError(
        f"The artifacts in {where} cannot be read: {_said(ex)}. Check that they can be reached, {AGAIN}"
    )


def code(ex: BaseException) -> str:
    """Give the code of an answer that refused something; empty for any other exception."""
    answer: Any = getattr(ex, "response", None)
    if isinstance(answer, dict):  # botocore
        return str(answer.get("Error", {}).get("Code") or "")
    return str(getattr(ex, "error_code", None) or getattr(ex, "code", None) or "")


def _names(ex: BaseException) -> list[str]:
    return [code(ex), *(kind.__name__ for kind in type(ex).__mro__)]


def _chain(ex: BaseException | None) -> Iterator[BaseException]:
    while ex is not None:
        yield ex
        ex = ex.__cause__


def _said(ex: BaseException) -> str:
    *_, first = _chain(ex)
    text = " ".join(str(getattr(first, "message", None) or first).split()).rstrip(".")
    return text[:200] or type(first).__name__
