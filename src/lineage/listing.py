"""chain -> what `list`, `show`, `history` and `verify` answer, as JSON and as lines"""

from typing import Any

from src.lineage.chain import Chain
from src.lineage.events import Event, State

COLUMNS = ("version", "alias", "published", "commit", "form", "roc_auc")


def entries(state: State) -> list[dict[str, Any]]:
    """Return an entry a version, the newest last."""
    return [entry(state, number) for number in sorted(state.versions)]


def entry(state: State, number: int) -> dict[str, Any]:
    """Return what `list` says of a version."""
    event = state.versions[number]
    return {
        "version": str(number),
        "alias": state.alias_of(number),
        "form_sha256": event.form_sha256,
        "sha256": event.sha256,
        "git_commit": event.git_commit,
        "git_dirty": event.git_dirty,
        "data_md5": event.data_md5,
        "published": state.published[number],
        "metrics": event.metrics,
    }


def entire(chain: Chain, number: int) -> dict[str, Any]:
    """Return what `show` says of a version."""
    event = chain.version(number)
    return {
        **entry(chain.state, number),
        "since": chain.state.since[number],
        "dvc_prefix": event.dvc_prefix,
        "params": event.stated()["params"],
        "files": event.stated()["files"],
        "events": [each.short() for each in chain.events if number in (each.version, each.before)],
    }


def table(found: list[dict[str, Any]]) -> list[str]:
    """Return the versions as an aligned table."""
    rows = [COLUMNS, *map(_cells, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(found: dict[str, Any]) -> tuple[str, ...]:
    auc = found["metrics"].get("roc_auc")
    commit = (found["git_commit"] or "dirty")[:12]
    return (
        found["version"],
        found["alias"] or "",
        found["published"][:16],
        commit,
        str(found["form_sha256"])[:12],
        "" if auc is None else f"{auc:.4f}",
    )


def lines(found: dict[str, Any]) -> list[str]:
    """Return a version as lines: facts, metrics, parameters, files, events."""
    facts = [f"{name}: {found[name]}" for name in found if not isinstance(found[name], dict | list)]
    pairs = [f"{kind}.{name}: {value}" for kind in ("metrics", "params") for name, value in found[kind].items()]
    files = [f"{name}: {file['size']} bytes, sha256 {file['sha256']}" for name, file in found["files"].items()]
    return [*facts, *pairs, *files, *(line(Event.model_validate(event)) for event in found["events"])]


def line(event: Event) -> str:
    """Return an event as a line."""
    change = "" if event.to is None else f", champion {event.before or 'nobody'} -> {event.to}"
    forced = " (forced)" if event.forced else ""
    return f"{event.number} {event.time[:19]} {event.kind} {event.version}{change}{forced}, by {event.by}: {event.why}"


def verified(found: dict[str, Any]) -> list[str]:
    """Return what `verify` found as lines."""
    aliases = found["aliases"]
    said = [f"MLflow's aliases: {aliases['standing']}"] if aliases else []
    if not found["broken"] and not found["missing"]:
        said.insert(0, f"{found['events']} events and all objects that they name are whole")
    return [*(f"broken: {one}" for one in found["broken"]), *(f"missing: {one}" for one in found["missing"]), *said]
