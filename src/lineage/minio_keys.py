"""a key, a bucket's folder -> MinIO accepts the key, for reading there and for nothing else

`python -m src.lineage.minio_keys --endpoint URL --admin FILE --key FILE s3://lastro/dvc`; FILEs are AWS credentials
files.
S3 itself has no call for that; MinIO's own has, and its client is the only one that can make it: the door to `minio`.
Repeating it brings secret and policy up to date.
"""

import argparse
import configparser
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from src.errors import run
from src.lineage.folder import StorageError

log = logging.getLogger(__name__)

TAKEN = "XMinioIAMServiceAccountNotAllowed"
Key = tuple[str, str]  # access key's id, secret


def allow(endpoint: str, admin: Key, key: Key, address: str) -> None:
    """Let `key` read what lies under `address` (s3://bucket/folder); raises StorageError where MinIO refuses."""
    from minio import MinioAdmin
    from minio.credentials.providers import StaticProvider
    from minio.error import MinioAdminException
    from urllib3.exceptions import HTTPError

    url = urlsplit(endpoint)
    server = MinioAdmin(endpoint=url.netloc, credentials=StaticProvider(*admin), secure=url.scheme == "https")
    account: Any = {"access_key": key[0], "secret_key": key[1], "policy": policy(address)}
    try:
        try:
            server.add_service_account(**account)
        except MinioAdminException as error:
            if TAKEN not in str(error):
                raise
            server.update_service_account(**account)
    except (MinioAdminException, HTTPError) as error:
        raise StorageError(f"{endpoint} makes no key for {address}: {error}") from error


def policy(address: str) -> dict[str, object]:
    """Return the policy by which a key gets objects under an address, and cannot even list them."""
    url = urlsplit(address)
    resource = f"arn:aws:s3:::{url.netloc}/{url.path.strip('/')}/*"
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [resource]}
    return {"Version": "2012-10-17", "Statement": [statement]}


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
    parser.add_argument("address", help="s3://bucket/folder that it may read")
    asked = parser.parse_args()
    allow(asked.endpoint, read_key(asked.admin), read_key(asked.key), asked.address)
    log.info("%s: a key that can only read %s", asked.endpoint, asked.address)


if __name__ == "__main__":
    run(main)
