"""the registry's versions -> tags credit-score-N on the snapshots of the data that version N was trained on"""

from collections.abc import Iterable, Mapping

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction
from pyiceberg.table.update.snapshot import ManageSnapshots

from src.lake.catalog import BRONZE, SILVER, find_table
from src.lake.commits import commit
from src.lake.whole import snapshots_of
from src.lineage.events import Event

NAME = "credit-score"
EXPIRED = "lastro.expired"  # a property: versions whose tag was taken away, and is not to come again


def tag_of(version: int) -> str:
    """Return the tag of a version."""
    return f"{NAME}-{version}"


def sync_tags(catalog: Catalog, versions: Mapping[int, Event], ingested: str | None) -> list[str]:
    """Tag the snapshots of each version's data; return the tags that are new.

    `ingested` is the md5 of the typed rows that were made of the newest published ones: bronze has its tag by that.
    """
    silver, bronze = find_table(catalog, SILVER), find_table(catalog, BRONZE)
    md5s = {number: str(event.data_md5) for number, event in versions.items()}
    new: list[str] = []
    if silver:
        known = snapshots_of(silver.metadata)
        new += put_tags(silver, {number: known[md5] for number, md5 in md5s.items() if md5 in known})
    if bronze and (present := bronze.metadata.current_snapshot_id):
        put_tags(bronze, {number: present for number, md5 in md5s.items() if md5 == ingested})
    return new


def lacking(catalog: Catalog, versions: Iterable[int]) -> list[str]:
    """Return the tags of versions whose data could not be had: DVC's remote has lost them, or never got them."""
    silver = find_table(catalog, SILVER)
    known = {*silver.metadata.refs} | {tag_of(version) for version in expired_of(silver)} if silver else set()
    return [tag for version in sorted(versions) if (tag := tag_of(version)) not in known]


def put_tags(table: Table, snapshots: Mapping[int, int]) -> list[str]:
    """Tag snapshots by their versions, where a version has no tag and was not expired; return the new tags."""

    def tag(transaction: Transaction) -> list[str]:
        expired, tags = expired_of(table), ManageSnapshots(transaction)
        wanted = {
            tag_of(version): snapshot for version, snapshot in sorted(snapshots.items()) if version not in expired
        }
        lacking = [name for name in wanted if name not in table.metadata.refs]
        for name in lacking:
            tags.create_tag(wanted[name], name)
        if lacking:
            tags.commit()
        return lacking

    return commit(table, tag)


def expired_of(table: Table) -> set[int]:
    """Return the versions whose tag was taken away."""
    return {int(number) for number in table.properties.get(EXPIRED, "").split()}
