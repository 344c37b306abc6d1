"""settings, DVC's remote -> the lake's catalog: Apache Iceberg tables in SQLite, PostgreSQL or Glue, files in a bucket

Whoever opens the catalog by another engine calls it `lastro` too: its rows carry that name.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pyarrow as arrow
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from src.errors import LastroError
from src.journal.writer import reason
from src.lake.settings import Settings
from src.lineage.chain import Place
from src.lineage.storage import Bucket

NAME = "lastro"
PATIENCE = 30  # seconds that SQLite waits for another writer of the catalog
BRONZE, SILVER = "bronze.applications", "silver.applications"
PREDICTIONS, OUTCOMES = "gold.predictions", "gold.outcomes"
RUNS, CHECKS = "gold.training_runs", "gold.checks"
TABLES = (BRONZE, SILVER, PREDICTIONS, OUTCOMES, RUNS, CHECKS)
PROPERTIES = {
    "format-version": "2",
    # pyiceberg would write the same rows again upon another writer's: whoever was second is to read anew what is new
    "commit.retry.num-retries": "0",
    "write.target-file-size-bytes": str(64 << 20),  # of memory: a reader holds one file at a time
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}
S3 = {  # keys of DVC's remote -> pyiceberg's
    "endpointurl": "s3.endpoint",
    "access_key_id": "s3.access-key-id",
    "secret_access_key": "s3.secret-access-key",
    "session_token": "s3.session-token",
    "profile": "s3.profile-name",
    "region": "s3.region",
}


class LakeError(LastroError):
    """The lake cannot be read or written."""


@contextlib.contextmanager
def opened(settings: Settings, place: Place) -> Iterator[Catalog]:
    """Yield the catalog, and let go of its database afterwards; what fails meanwhile leaves as a LakeError."""
    with plainly(), contextlib.closing(open_catalog(settings, place)) as catalog:
        yield catalog


def open_catalog(settings: Settings, place: Place) -> Catalog:
    """Return the catalog, made where there is none; `place` is DVC's remote. Raises LakeError."""
    options = {"warehouse": warehouse_of(settings, place)}
    if isinstance(place, Bucket):
        options |= {S3[key]: str(place.options[key]) for key in S3 if place.options.get(key)}
    with plainly():
        if (address := settings.catalog_url) is None:
            from pyiceberg.catalog.glue import GlueCatalog

            return GlueCatalog(NAME, **options)
        return of_database(address, options)


def of_database(address: str, options: dict[str, str]) -> Catalog:
    """Return the catalog in a database; two that make its tables at once do not get in each other's way."""
    from pyiceberg.catalog.sql import SqlCatalog

    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        url = url.update_query_dict({"timeout": str(PATIENCE)})
    else:
        url = url.set(drivername="postgresql+psycopg")
    options = options | {"uri": url.render_as_string(hide_password=False), "pool_pre_ping": "true"}
    try:
        return SqlCatalog(NAME, **options)
    except (OperationalError, ProgrammingError):  # another process made them meanwhile
        return SqlCatalog(NAME, **options)


def warehouse_of(settings: Settings, place: Place) -> str:
    """Return where the tables' files are."""
    if settings.lake_warehouse:
        return settings.lake_warehouse
    return f"s3://{place.name}/lake" if isinstance(place, Bucket) else f"{place.path}/lake"


def find_table(catalog: Catalog, name: str) -> Table | None:
    """Return a table; None where it was not made yet."""
    try:
        return catalog.load_table(name)
    except NoSuchTableError:
        return None


def table_of(catalog: Catalog, name: str, schema: arrow.Schema, by: str | None = None) -> Table:
    """Return a table, made with these columns where there is none; `by` is the column that cuts it into partitions."""
    if found := find_table(catalog, name):
        return found
    with contextlib.suppress(NamespaceAlreadyExistsError):
        catalog.create_namespace_if_not_exists(name.partition(".")[0])
    # of two who make it one is first
    with contextlib.suppress(TableAlreadyExistsError, CommitFailedException):
        transaction = catalog.create_table_transaction(name, schema, properties=PROPERTIES)
        if by:
            with transaction.update_spec() as spec:
                spec.add_identity(by)
        transaction.commit_transaction()
    return catalog.load_table(name)


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Say in one sentence what a catalog or a warehouse refuses, or that it is gone."""
    logging.getLogger("pyiceberg").setLevel(logging.ERROR)
    try:
        yield
    except SQLAlchemyError as error:
        raise LakeError(f"the lake's catalog: {reason(error)}") from None
    except ClientError as error:
        raise LakeError(f"the lake's catalog: {error.response['Error'].get('Code')}") from None
    except BotoCoreError as error:
        raise LakeError(f"the lake's catalog: {error}") from None
    except (OSError, arrow.ArrowException) as error:  # pyarrow's file systems
        raise LakeError(f"the lake's warehouse: {' '.join(str(error).split())}") from None
