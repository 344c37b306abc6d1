"""s3://bucket/key -> its bytes, or the keys below it; bytes -> one object

Endpoint, region and keys are those of DVC's remote where that is a bucket (.dvc/config, .dvc/config.local), whatever
the bucket's name; where DVC has none, those that the AWS tools find. They never travel with a task: each machine has
its own.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyarrow.fs import S3FileSystem

from src.errors import LastroError
from src.lineage.folder import StorageError
from src.lineage.settings import ROOT, environment
from src.lineage.storage import Bucket, MissingBucketError, remote

S3 = "s3://"
CONFIGURATION = ".dvc/config"


def bucket_of(address: str) -> str:
    """Return the bucket's name in an address; raises LastroError where there is none."""
    name = address.removeprefix(S3).partition("/")[0]
    if not name:
        raise LastroError(f"{address}: an address in a bucket is s3://bucket/key")
    return name


def size(address: str) -> int | None:
    """Return an object's bytes; None where there is none."""
    found = _pages(address, most=1)
    return found.get(address)


def listed(prefix: str, *, deep: bool = True) -> dict[str, int]:
    """Return the objects below a prefix that ends with `/`, with their bytes; not deep: those right below it."""
    return {path: size for path, size in _pages(prefix, deep=deep).items() if not path.endswith("/")}


def put(address: str, content: bytes) -> None:
    """Write an object in one request, whatever was there."""
    place = _bucket(bucket_of(address))
    with _asking(place):
        place.client.put_object(Bucket=place.name, Key=_key(address), Body=content)


def remove(address: str) -> None:
    """Remove an object; one that is not there is no error."""
    place = _bucket(bucket_of(address))
    with _asking(place):
        place.client.delete_object(Bucket=place.name, Key=_key(address))


@functools.cache
def filesystem(bucket: str) -> S3FileSystem:
    """Return what reads a bucket's objects by ranges, without a copy in Python."""
    place = _bucket(bucket)
    options = place.options
    endpoint = str(options.get("endpointurl") or place.client.meta.endpoint_url)
    scheme, _, host = endpoint.rpartition("://")
    verify = options.get("ssl_verify")
    if verify is False:
        raise LastroError("DVC's remote: ssl_verify: files of a batch are read with certificates checked: name a file")
    with environment({"AWS_PROFILE": str(options["profile"])} if options.get("profile") else {}):
        return S3FileSystem(
            access_key=options.get("access_key_id"),
            secret_key=options.get("secret_access_key"),
            session_token=options.get("session_token"),
            region=options.get("region") or place.client.meta.region_name,
            scheme=scheme or "https",
            endpoint_override=host.rstrip("/"),
            tls_ca_file_path=verify if isinstance(verify, str) else None,
        )


@functools.cache
def _bucket(name: str) -> Bucket:
    """Return a bucket on the server of DVC's remote."""
    place = remote(ROOT) if (ROOT / CONFIGURATION).is_file() else None
    options: dict[str, Any] = place.options if isinstance(place, Bucket) else {}
    return Bucket(name, "", options)


def _key(address: str) -> str:
    return address.removeprefix(S3).partition("/")[2]


def _pages(prefix: str, most: int = 0, *, deep: bool = True) -> dict[str, int]:
    """Return the objects whose address begins so, in order, with their bytes."""
    place = _bucket(bucket_of(prefix))
    pages = place.client.get_paginator("list_objects_v2")
    asked: dict[str, Any] = {"Bucket": place.name, "Prefix": _key(prefix)} | ({} if deep else {"Delimiter": "/"})
    one: Any = {"MaxItems": most, "PageSize": most} if most else {}
    with _asking(place):
        found = [item for page in pages.paginate(**asked, PaginationConfig=one) for item in page.get("Contents", [])]
    return {f"{S3}{place.name}/{item['Key']}": item["Size"] for item in found}


@contextmanager
def _asking(place: Bucket) -> Iterator[None]:
    """Say in one sentence what the server refuses; the bucket need not be DVC's."""
    try:
        with place.plainly():
            yield
    except MissingBucketError as error:
        raise LastroError(f"{S3}{place.name}: there is no such bucket") from error
    except StorageError as error:
        raise LastroError(str(error).removeprefix("DVC's remote ")) from error
