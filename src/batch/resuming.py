"""OUTPUT, a run -> which of its parts are there; refuses a folder that holds another run

OUTPUT/_run.json is written first: what the run is made of. A run goes on where it was only if all of that is the same.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from src.batch import places
from src.batch.code import fingerprint
from src.batch.objects import S3
from src.batch.parts import NOTES, REJECTED, Done, note_of, read_note
from src.batch.run import Run, facts_of
from src.errors import LastroError
from src.files import sha256_of

STATE, MANIFEST = "_run.json", "manifest.json"
OURS = re.compile(rf"[^/]+-\d{{5,}}\.parquet|({REJECTED}|{NOTES})/[^/]+\.jsonl?|{MANIFEST}|{STATE}")
TITLES = {
    "inputs": "the input's bytes",
    "names": "the input's names",
    "form_sha256": "the served form",
    "model_sha256": "the model",
    "model_version": "the model's version",
    "reasons": "--reasons",
    "contract_sha256": "the data package",
    "code": "the code or its libraries",
}


def begin(output: str, run: Run, stems: list[str], overwrite: bool) -> None:
    """Make OUTPUT this run's; raises LastroError, which names what differs, where it is another's."""
    state, before = state_of(run, stems), read_state(output)
    if before == state:
        return
    if not overwrite:
        refuse(output, before, state)
    clear(output)
    places.write(places.inside(output, STATE), f"{json.dumps(state, indent=1)}\n".encode())


def begun(output: str, run: Run, stems: list[str]) -> None:
    """Raise LastroError where nobody has begun this run in OUTPUT."""
    state, before = state_of(run, stems), read_state(output)
    if before is None:
        raise LastroError(f"{output}: no run has begun in it: --parts begins one and names its parts")
    if before != state:
        refuse(output, before, state)


def state_of(run: Run, stems: list[str]) -> dict[str, Any]:
    """Return what OUTPUT is told of a run, as it is read again."""
    state: dict[str, Any] = json.loads(json.dumps({**facts_of(run), "names": stems, "code": fingerprint()}))
    return state


@contextlib.contextmanager
def alone(output: str, *, beside: bool = False) -> Iterator[None]:
    """Let one command of this machine write to a folder; raises LastroError where another does.

    Commands that score one part each may work `beside` one another, and beside no other. In a bucket nobody is kept
    out: `unchanged` says whether somebody came.
    """
    if output.startswith(S3):
        yield
        return
    Path(output).mkdir(parents=True, exist_ok=True)
    folder = os.open(output, os.O_RDONLY)
    try:
        fcntl.flock(folder, (fcntl.LOCK_SH if beside else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise LastroError(f"{output}: another command writes to it") from None
    finally:
        os.close(folder)


def unchanged(output: str, run: Run) -> None:
    """Raise LastroError where OUTPUT is no longer this run's."""
    state = read_state(output)
    if state is None or any(state.get(name) != json.loads(json.dumps(told)) for name, told in facts_of(run).items()):
        raise LastroError(f"{output}: another command has begun another run in it; this one is not finished")


def read_state(output: str) -> dict[str, Any] | None:
    """Return what OUTPUT's run is made of; None where there is none."""
    path = places.inside(output, STATE)
    if not places.exists(path):
        return None
    try:
        found: dict[str, Any] = json.loads(places.read(path))
    except ValueError:
        raise LastroError(f"{path}: does not say of which run this is; --overwrite begins anew") from None
    return found


def refuse(output: str, before: dict[str, Any] | None, state: dict[str, Any]) -> None:
    """Raise LastroError where OUTPUT holds anything of another run."""
    if before is not None:
        names = [title for name, title in TITLES.items() if before.get(name) != state[name]]
        raise LastroError(f"{output}: holds a run that differs in {', '.join(names)}: another folder, or --overwrite")
    if places.below(output):
        raise LastroError(f"{output}: holds files that are of no run; another folder, or --overwrite")


def clear(output: str) -> None:
    """Remove what a run has written, its manifest first; no other file."""
    names = {file.path: file.path.removeprefix(f"{output}/") for file in places.below(output)}
    ours = [path for path, name in names.items() if OURS.fullmatch(name)]
    for path in sorted(ours, key=lambda path: (names[path] != MANIFEST, names[path])):
        places.remove(path)


def done_of(output: str, names: set[str], name: str) -> Done | None:
    """Return a part that is done, its bytes as its note says; `names` are the files that are there."""
    note = note_of(output, name)
    if note not in names:
        return None
    try:
        done = read_note(places.read(note))
    except (ValueError, TypeError, KeyError):
        return None
    wanted = {places.inside(output, done.path): done.sha256}
    if done.rejected_sha256:
        wanted[places.inside(output, REJECTED, f"{name}.jsonl")] = done.rejected_sha256
    whole = all(path in names and sha256_of(places.read(path)) == sha256 for path, sha256 in wanted.items())
    return done if whole else None
