"""a key, folders of a bucket -> MinIO accepts the key, for reading there and for nothing else

`python -m src.lineage.minio_keys --endpoint URL --admin FILE --key FILE s3://lastro/dvc --list s3://lastro/registry`;
FILEs are AWS credentials files.
S3 itself has no call for that; MinIO's own has, and its client is the only one that can make it: the door to `minio`.
Repeating it brings secret and policy up to date.
"""

import argparse
import configparser
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from src.errors import run
from src.lineage.folder import StorageError

log = logging.getLogger(__name__)

TAKEN = "XMinioIAMServiceAccountNotAllowed"
Key = tuple[str, str]  # access key's id, secret


def allow(endpoint: str, admin: Key, key: Key, addresses: Sequence[str], listed: Sequence[str] = ()) -> None:
    """Let `key` read what lies under `addresses` (s3://bucket/folder) and `listed`, and list the latter.

    Raises StorageError where MinIO refuses.
    """
    from minio import MinioAdmin
    from minio.credentials.providers import StaticProvider
    from minio.error import MinioAdminException
    from urllib3.exceptions import HTTPError

    url = urlsplit(endpoint)
    server = MinioAdmin(endpoint=url.netloc, credentials=StaticProvider(*admin), secure=url.scheme == "https")
    account: Any = {"access_key": key[0], "secret_key": key[1], "policy": policy(addresses, listed)}
    try:
        try:
            server.add_service_account(**account)
        except MinioAdminException as error:
            if TAKEN not in str(error):
                raise
            server.update_service_account(**account)
    except (MinioAdminException, HTTPError) as error:
        raise StorageError(f"{endpoint} makes no key for {', '.join([*addresses, *listed])}: {error}") from error


def policy(addresses: Sequence[str], listed: Sequence[str] = ()) -> dict[str, object]:
    """Return the policy by which a key gets objects under addresses; it cannot even list those not in `listed`."""
    get = {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": [f"{_arn(each)}/*" for each in (*addresses, *listed)],
    }
    return {"Version": "2012-10-17", "Statement": [get, *map(_listing, listed)]}


def _listing(address: str) -> dict[str, object]:
    bucket, _, folder = _arn(address).partition("/")
    where = {"StringLike": {"s3:prefix": [f"{folder}/*"]}}
    return {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket], "Condition": where}


def _arn(address: str) -> str:
    url = urlsplit(address)
    return f"arn:aws:s3:::{url.netloc}/{url.path.strip('/')}"


def read_key(path: Path) -> Key:
    """Read an AWS credentials file's default profile; raises StorageError where it is none."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text())
        return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]
    except (OSError, KeyError, configparser.Error) as error:
        raise StorageError(f"{path}: no AWS credentials file: {error}") from None


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m src.lineage.minio_keys", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="where MinIO answers")
    parser.add_argument("--admin", type=Path, required=True, help="credentials file of MinIO's root user")
    parser.add_argument("--key", type=Path, required=True, help="credentials file of the key")
    parser.add_argument("addresses", nargs="+", help="s3://bucket/folder that it may read", metavar="address")
    parser.add_argument("--list", action="append", default=[], help="one that it may list too", metavar="address")
    asked = parser.parse_args()
    allow(asked.endpoint, read_key(asked.admin), read_key(asked.key), asked.addresses, asked.list)
    log.info("%s: a key that can only read %s", asked.endpoint, ", ".join([*asked.addresses, *asked.list]))


if __name__ == "__main__":
    run(main)
