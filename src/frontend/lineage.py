"""where the served model comes from -> the way from a commit to a version, step by step"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from src.frontend.language import _, current


def lineage(info: Mapping[str, Any]) -> None:
    """Draw Git commit, data, the object in the bucket, the registry's version, the file that is served."""
    model, export = info["model"], info["export"]
    steps = [
        (_("Git commit"), model["git_commit"] or _("none: the model was not published from a clean commit")),
        (_("MD5 of the data"), model["data_md5"]),
        (_("Object in the bucket"), stored(info.get("dvc_prefix"), model["data_md5"])),
        (_("Registry version"), version(model)),
        (_("Published"), published(info.get("published"))),
        (_("SHA-256 of the model"), model["sha256"]),
        (_("SHA-256 of the served form"), export.get("sha256")),
    ]
    lines = [f"{number}. {name}  \n`{value}`" for number, (name, value) in enumerate(steps, 1) if value]
    st.markdown("\n".join(lines))


def stored(prefix: str | None, md5: str) -> str | None:
    """Return where DVC keeps an object of this md5; None until a model was published, and it is known."""
    return f"{prefix}/files/md5/{md5[:2]}/{md5[2:]}" if prefix else None


def published(when: str | None) -> str | None:
    """Return when the version was published; None where it was not, or nobody wrote it down."""
    return when and current().moment(datetime.fromisoformat(when), st.context.timezone)


def version(model: Mapping[str, Any]) -> str:
    """Return name and version, as the registry's addresses are written."""
    return f"models:/{model['name']}/{model['version']}" if model["version"] else _("not published")
