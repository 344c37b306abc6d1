"""a key in the place of DVC's objects -> gone, with every former version that the bucket keeps; or what it keeps

`python -m src.lineage.removal MD5…` deletes outputs of DVC for good, from its cache too.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.errors import code_of, run
from src.lineage.folder import Folder
from src.lineage.settings import ROOT
from src.lineage.storage import Bucket, remote

KINDS = ("Versions", "DeleteMarkers")
ANY = "*"  # a version that may not be listed


def remove(place: Bucket | Folder, key: str) -> list[str]:
    """Delete an object for good and return the commands that delete what the bucket would not let go of.

    An object that is not there is none to delete. Raises StorageError where the place cannot be reached.
    """
    if isinstance(place, Folder):
        (place.path / key).unlink(missing_ok=True)
        return []
    return [f"aws s3api delete-object --bucket {place.name} --key {key} --version-id '{version}'"
            for version in refused(place, key)]  # fmt: skip


def refused(place: Bucket, key: str) -> list[str]:
    """Delete each version of an object; return those that the server does not let these keys delete."""
    from botocore.exceptions import ClientError

    with place.plainly():
        try:
            found = versions(place.client, place.name, key)
        except ClientError as error:
            if error.response["Error"].get("Code") != "AccessDenied":
                raise
            place.client.delete_object(Bucket=place.name, Key=key)
            return [ANY]
        left = []
        for version in found:
            try:
                place.client.delete_object(Bucket=place.name, Key=key, VersionId=version)
            except ClientError as error:
                if error.response["Error"].get("Code") not in ("AccessDenied", "InvalidRequest"):
                    raise
                left.append(version)
        return left


def versions(client: Any, bucket: str, key: str) -> list[str]:
    """Return an object's versions, those that say that it was deleted among them."""
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    return [one["VersionId"] for page in pages for kind in KINDS for one in page.get(kind, ()) if one["Key"] == key]


def main(given: Sequence[str] | None = None) -> int:
    """Delete outputs of DVC by their md5 in dvc.lock from its cache and its remote, each former version too."""
    parser = argparse.ArgumentParser(prog="python -m src.lineage.removal", description=main.__doc__)
    parser.add_argument(
        "md5", nargs="+", type=md5, metavar="MD5", help="no commit that names it can be checked out then"
    )
    return code_of(lambda: removed(parser.parse_args(given).md5))


def md5(text: str) -> str:
    """Return an md5; raises argparse's error for a text that is none."""
    if re.fullmatch("[0-9a-f]{32}", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} has not 32 digits from 0 to f")


def removed(md5s: Sequence[str]) -> int:
    """Delete and print what stays; return 0 where nothing does."""
    place, left = remote(), []
    for each in md5s:
        cached(ROOT, each).unlink(missing_ok=True)
        left += remove(place, key_of(place, each))
    sys.stdout.write("".join(f"{line}\n" for line in left))
    return 2 if left else 0


def cached(root: Path, found: str) -> Path:
    """Return where DVC's cache has an output."""
    return root / ".dvc" / "cache" / "files" / "md5" / found[:2] / found[2:]


def key_of(place: Bucket | Folder, found: str) -> str:
    """Return the key of an output."""
    start = f"s3://{place.name}/" if isinstance(place, Bucket) else f"{place.path}/"
    return place.url_of(found).removeprefix(start)


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
