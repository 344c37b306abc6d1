"""A Git project of one quick stage, whose own `refresh` and `registry` say what they are asked, and kill on demand

What retraining is about is real: Git, DVC, a folder remote and the chain in it. A whole retraining of the real project
takes half a minute of a processor: tests/lifecycle does that.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from src.lineage.chain import Chain, append
from src.lineage.events import StoredFile
from src.lineage.lock import LineageError
from src.lineage.retrain import main
from src.lineage.retraining.attempt import alone
from src.lineage.settings import Settings
from src.lineage.storage import remote
from tests.conftest import ROOT, Project
from tests.lineage.conftest import commit
from tests.ports import wait_until

DVC_YAML = """
stages:
  train:
    cmd: >-
      python -m src.killer train && mkdir -p models && cp src/outcomes models/model.pkl
      && cp src/outcomes models/export.json
    deps: [src/outcomes]
    outs:
      - models/model.pkl
      - models/export.json: {cache: false}
"""
KILLER = '''"""sends the retraining that it works for a signal, where the state's file `kill` names this moment"""
import os, sys, time
from pathlib import Path
STATE = Path(os.environ["LASTRO_STATE"])
def here(name):
    file, pid = STATE / "kill", os.getpid()
    moment, _, number = file.read_text().partition(" ") if file.exists() else ("", "", "")
    if moment == name:
        file.unlink()
        while b"retrain" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(pid, int(number))
        time.sleep(0 if number == "9" else 60)
        sys.exit("killed")
if __name__ == "__main__":
    here(sys.argv[1])
'''
REFRESH = """import sys
from pathlib import Path
from src.killer import STATE, here
here("refresh")
with (STATE / "asked").open("a") as asked:
    print("refresh", *sys.argv[1:], file=asked)
found = STATE / "outcomes"
if not found.exists():
    sys.exit(3)
if found.read_text() == "refused":
    sys.exit("error: the base rates differ")
Path("src/outcomes").write_text(found.read_text())
"""
REGISTRY = """import json, sys
from src.killer import STATE, here
with (STATE / "asked").open("a") as asked:
    print(*sys.argv[1:], file=asked)
here(sys.argv[1])
if sys.argv[1] == "publish":
    print(json.dumps({"version": "2", "alias": "challenger"}))
if sys.argv[1] == "gates" and (STATE / "stopped").exists():
    sys.exit(1)
"""
IN_A_PROCESS = """import sys
from pathlib import Path
from src.lineage import retrain
from src.lineage.settings import Settings
root, state = map(Path, sys.argv[1:])
main = retrain.main
retrain.main = lambda: main(["--why", "drift"], root, Settings(state=state))
retrain.command()
"""


@dataclass
class Retrained:
    """The project, and where its state is."""

    project: Project
    state: Path

    def __call__(self, *words: str) -> int:
        """Retrain in this process, for `drift` if no reason is given; return the exit code."""
        return main([*words] if "--why" in words else ["--why", "drift", *words], self.root, Settings(state=self.state))

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.project.root

    def killed(self, moment: str, number: str = "9") -> int:
        """Retrain in a process of its own that gets a signal at this moment; return its exit code."""
        (self.state / "kill").write_text(f"{moment} {number}")
        command = [sys.executable, "-c", IN_A_PROCESS, str(self.root), str(self.state)]
        code = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode
        wait_until(lambda: free(self.state / "retrain"))  # a command that it left holds the lock until it ends
        return code

    def outcomes(self, text: str) -> None:
        """Let the log hold this."""
        (self.state / "outcomes").write_text(text)

    def git(self, *words: str) -> str:
        """What Git says in the checkout."""
        return self.project.run("git", *words).stdout.strip()

    def asked(self) -> list[str]:
        """The words of each command of ours."""
        return (self.state / "asked").read_text().splitlines()

    def branches(self) -> list[str]:
        """All but the checked-out one."""
        return self.git("branch", "--list", "retrain-*", "--format=%(refname:short)").split()

    def checkout(self) -> tuple[str, ...]:
        """What must not change: HEAD, branch, index, what is not committed, the files, and the worktrees."""
        files = {path: path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file()}
        kept = {
            str(path): content for path, content in files.items() if not {".git", ".dvc", "__pycache__"} & {*path.parts}
        }
        asked = ("rev-parse HEAD", "symbolic-ref HEAD", "ls-files --stage", "status --porcelain", "worktree list")
        return (repr(kept), *(self.git(*words.split()) for words in asked))


def made(folder: Path) -> Retrained:
    """Return a project with a champion, committed and pushed to a folder beside it; its log holds nothing."""
    root, state = folder / "project", folder / "state"
    programs = {"killer": KILLER, "pipeline/refresh": REFRESH, "lineage/registry": REGISTRY}
    for name, text in programs.items():
        (root / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "src" / f"{name}.py").write_text(text)
    for name in (".gitignore", ".dvc/config", ".dvc/.gitignore"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / ".dvc" / "config.local").write_text("[core]\nremote = local\n['remote \"local\"']\nurl = ../../remote\n")
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "src" / "outcomes").write_text("none yet")
    state.mkdir()
    project = Project(root, {"LASTRO_STATE": str(state)})
    project.run("git", "init", "-q", "-b", "main")
    head = commit(project)
    champion(root, head)
    return Retrained(project, state)


def free(folder: Path) -> bool:
    """Say whether nobody retrains."""
    try:
        with alone(folder):
            return True
    except LineageError:
        return False


def champion(root: Path, head: str) -> None:
    """Let version 1, made by this commit, be champion."""
    place = remote(root)
    place.set_up()
    file = StoredFile(sha256="a" * 64, md5="b" * 32, size=1, at="dvc")
    facts = {"form_sha256": "f" * 64, "sha256": "a" * 64, "git_commit": head, "data_md5": "d" * 32}
    who = {"version": 1, "by": "t", "why": "w"}
    chain = append(place, Chain(), kind="publish", files={"model.pkl": file}, **who, **facts)  # type: ignore[arg-type]
    append(place, chain, kind="promote", to=1, before=None, **who)  # type: ignore[arg-type]
