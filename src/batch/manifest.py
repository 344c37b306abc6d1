"""a run and its parts -> OUTPUT/manifest.json: written last, when every part is there"""

import json
from collections.abc import Sequence

from src.batch.parts import Done
from src.batch.run import Run


def manifest_of(run: Run, parts: Sequence[Done]) -> bytes:
    """Return the manifest; `rows` are those of the files, `rejected` the ones of them that have no score."""
    model = {
        "name": run.name,
        "version": run.model_version,
        "sha256": run.model_sha256,
        "form_sha256": run.form_sha256,
        "git_commit": run.git_commit,
    }
    content = {
        "run_id": run.run_id,
        "input": [one._asdict() for one in run.inputs],
        "model": model,
        "parts": [
            {"path": one.path, "rows": one.rows, "rejected": one.rejected, "sha256": one.sha256} for one in parts
        ],
        "rows": sum(one.rows for one in parts),
        "rejected": sum(one.rejected for one in parts),
    }
    return f"{json.dumps(content, indent=1, ensure_ascii=False)}\n".encode()
