"""What libraries of datastores raise, in words; none of them is imported here."""

from __future__ import annotations

import pytest

from spin_magic.engine.storage_words import KNOWN, StorageError, storage_error


def raised(name, text="the library's own text", bases=(Exception,), **attributes):
    return type(name, bases, attributes)(text)


@pytest.mark.parametrize(
    ("ex", "said"),
    [
        (raised("ClientError", response={"Error": {"Code": "ExpiredToken"}}), "the credentials have expired"),
        (raised("RefreshError"), "the credentials have expired"),
        (raised("DefaultCredentialsError"), "there are no credentials"),
        (raised("ClientAuthenticationError"), "the credentials are not accepted"),
        (raised("HttpResponseError", error_code="AuthorizationFailure"), "access is denied"),
        (raised("Forbidden", code=403), "access is denied"),
        (raised("HttpResponseError", error_code="ContainerNotFound"), "the bucket is not there"),
        (raised("ConnectTimeoutError", bases=(raised("ConnectionError").__class__,)), "it cannot be reached"),
        (raised("ReadTimeoutError", bases=(raised("HTTPClientError").__class__,)), "no answer came in time"),
        (raised("ServiceRequestError"), "it cannot be reached"),
        (ConnectionResetError("reset"), "the connection broke, again and again"),
        (raised("ServerError", code=503), "the storage itself is in trouble"),
        (raised("Odd"), "cannot be read: the library's own text. Check"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_is_told_by_its_name_or_code(ex, said):
    error = storage_error("gs://bucket/metaflow", ex)
    assert isinstance(error, StorageError)
    assert said in str(error)
    assert str(error).startswith("The artifacts in gs://bucket/metaflow cannot be read: ")


def test_what_metaflow_wraps_is_told_by_its_cause():
    wrapped = RuntimeError("S3 operation failed.\nKey requested: ...")
    wrapped.__cause__ = raised("NoCredentialsError", "Unable to locate credentials")
    text = str(storage_error("s3://bucket", wrapped))
    assert "there are no credentials (Unable to locate credentials)." in text
    assert "\n" not in text


def test_a_long_text_is_cut_and_an_empty_one_replaced():
    assert len(str(storage_error("s3://bucket", ValueError("x" * 5000)))) < 400
    assert "cannot be read: ValueError." in str(storage_error("s3://bucket", ValueError()))


def test_no_name_means_two_things():
    names = [name for cause in KNOWN for name in cause.names.split()]
    assert len(names) == len(set(names))
