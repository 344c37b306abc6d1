"""In a pod with the pipeline's image: the published model on another scale -> a version of its own, published

Arguments: by how many points the scale moves; `committed`, or anything else. The model and its probabilities stay.
"""

import hashlib
import json
import sys
from pathlib import Path

import yaml

from ops import pipeline
from ops.deployment import ROOT

CARD, EXPORT, LOCK = Path("models/model.json"), Path("models/export.json"), Path("dvc.lock")
USER = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def write(path: Path, content: object) -> str:
    """Write a file of models/ as its stage would; return its sha256."""
    path.write_text(f"{json.dumps(content, indent=1, ensure_ascii=False)}\n", encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Move the scale, name the files in dvc.lock, commit or not, publish."""
    pipeline.enter(pipeline.copy(ROOT, pipeline.WORK / "lastro"))
    pipeline.call("dvc", "pull", "--quiet")
    card, form = json.loads(CARD.read_text(encoding="utf-8")), json.loads(EXPORT.read_text(encoding="utf-8"))
    card["scale"]["points"] += int(sys.argv[1])
    form["card_sha256"] = write(CARD, card)
    write(EXPORT, form)
    lock = yaml.safe_load(LOCK.read_text(encoding="utf-8"))
    for stage in lock["stages"].values():
        for entry in [*stage.get("deps", []), *stage.get("outs", [])]:
            if Path(entry["path"]) in (CARD, EXPORT):
                content = Path(entry["path"]).read_bytes()
                entry |= {"md5": hashlib.md5(content, usedforsecurity=False).hexdigest(), "size": len(content)}
    LOCK.write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")
    if sys.argv[2] == "committed":
        pipeline.call("git", *USER, "commit", "--quiet", "--all", "--message", "Another scale")
    pipeline.call(sys.executable, "-m", "src.lineage.registry", "publish", "--challenger", "--why", "another scale")


if __name__ == "__main__":
    main()
