"""dvc.lock, the images' locks -> components, dependencies, formulation of a bill of materials (CycloneDX 1.7); pure"""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from src.lineage.lock import DATA, LOCK, MODEL, Lock

Part = dict[str, Any]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
KINDS = {".py": "source-code", ".yaml": "definition"}  # of what lies in data/ and src/; the rest of data/ are data sets


def properties(facts: Mapping[str, object]) -> list[Part]:
    """Return facts as properties of this project's own name space."""
    return [{"name": f"lastro:{name}", "value": str(value)} for name, value in facts.items()]


def purl(name: str, version: str) -> str:
    """Return a library's package URL.

    >>> purl("Typing_Extensions", "4.15.0")
    'pkg:pypi/typing-extensions@4.15.0'
    """
    return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"


def libraries(fitted: Mapping[str, str], locks: Mapping[str, str]) -> list[Part]:
    """Return every library that the model was fitted with or that an image's lock names, and where it is used.

    `locks` are an image's name -> the text of its lock.
    """
    used: dict[tuple[str, str], list[str]] = {pair: ["fit"] for pair in fitted.items()}
    for image, text in locks.items():
        for pair in PINNED.findall(text):
            used.setdefault(pair, []).append(image)
    return [
        {
            "type": "library",
            "bom-ref": purl(name, version),
            "name": name,
            "version": version,
            "purl": purl(name, version),
            "properties": properties({"used": ", ".join(where)}),
        }
        for (name, version), where in sorted(used.items())
    ]


def files(lock: Lock, package: Part) -> list[Part]:
    """Return every file that a stage reads or writes but for the model, with the hash that dvc.lock names."""
    return [_file(path, md5, package) for path, md5 in sorted(_hashes(lock).items()) if path != MODEL]


def _hashes(lock: Lock) -> dict[str, str]:
    entries = (entry for stage in lock.stages.values() for side in ("deps", "outs") for entry in stage.get(side, ()))
    return {entry["path"]: entry["md5"] for entry in entries}


def _file(path: str, md5: str, package: Part) -> Part:
    """Return a file, or a folder, which has no hash of its own kind: DVC's is that of its list."""
    is_data = path.startswith("data/")
    made: Part = {"type": "data" if is_data else "file", "bom-ref": path, "name": path}
    if md5.endswith(".dir"):
        return made | {"properties": properties({"dvc.md5": md5})}
    made["hashes"] = [{"alg": "MD5", "content": md5}]
    if is_data:
        made["data"] = [{"type": KINDS.get(PurePosixPath(path).suffix, "dataset")}]
    if path == DATA:
        made |= {"description": str(package.get("description", "")).strip(), **_rights(package)}
    return made


def _rights(package: Part) -> Part:
    """Return the data package's licences and sources, where it names some."""
    names = {"name": "name", "path": "url"}
    rights = [
        {"license": {names[key]: value for key, value in one.items() if key in names}}
        for one in package.get("licenses", ())
        if "name" in one
    ]
    sources = [
        {"type": "website", "url": one["path"], "comment": one.get("title", "")}
        for one in package.get("sources", ())
        if "path" in one
    ]
    return ({"licenses": rights} if rights else {}) | ({"externalReferences": sources} if sources else {})


def dependencies(lock: Lock, further: Mapping[str, Iterable[str]]) -> list[Part]:
    """Return for each file what it was made of: what its stage reads, and what is `further` named."""
    made = {
        out["path"]: [dep["path"] for dep in stage.get("deps", ())]
        for stage in lock.stages.values()
        for out in stage.get("outs", ())
    }
    return [{"ref": path, "dependsOn": [*made.get(path, ()), *further.get(path, ())]} for path in sorted(_hashes(lock))]


def formula(lock: Lock) -> Part:
    """Return the stages, in dvc.lock's order: command, parameters, what is read and written."""
    tasks = [_task(name, stage) for name, stage in lock.stages.items()]
    return {"workflows": [{"bom-ref": LOCK, "uid": LOCK, "name": "dvc repro", "taskTypes": ["build"], "tasks": tasks}]}


def _task(name: str, stage: Part) -> Part:
    values = {key: value for section in stage.get("params", {}).values() for key, value in flat(section)}
    parameters = [{"name": key, "value": str(value)} for key, value in values.items()]
    return {
        "bom-ref": f"stage:{name}",
        "uid": name,
        "name": name,
        "taskTypes": ["build"],
        "steps": [{"commands": [{"executed": stage["cmd"]}]}],
        "inputs": [
            *({"resource": {"ref": dep["path"]}} for dep in stage.get("deps", ())),
            *([{"parameters": parameters}] if parameters else []),
        ],
        "outputs": [{"type": "artifact", "resource": {"ref": out["path"]}} for out in stage.get("outs", ())],
    }


def flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """Yield each parameter by its dotted key, as `dvc exp run -S` names it.

    >>> list(flat({"train": {"folds": 5, "search": None}}))
    [('train.folds', 5), ('train.search', None)]
    """
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from flat(value, f"{name}.")
        else:
            yield name, value
