"""params.yaml's `{kind: r, script: PATH}` -> the script's text, before anything is fitted: whether it can be, and how

A path in params.yaml can stand in no line of dvc.yaml that is the same for everybody, so that DVC would not see the
script change: it must be named among the dependencies of the stage `train`, and is refused where it is not.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from src.errors import LastroError
from src.files import read_yaml
from src.model.r.session import program
from src.params import Candidate

MAP = Path("dvc.yaml")
STAGE = "train"


class RScript(Candidate):
    """A binomial glm that the function `fit` of an R script returns; `script` is its path, from the project's root."""

    script: str

    @property
    def blends(self) -> bool:
        """Return False: what a blend adds up are steps, and a slope is none."""
        return False

    @property
    def text(self) -> str:
        """Return the script; raises LastroError where it cannot be read."""
        try:
            return Path(self.script).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = "no such file" if isinstance(error, FileNotFoundError) else f"it cannot be read: {error}"
            raise LastroError(f"{self.script}: {said}; a candidate's `script` is a path from here") from None


def require(candidates: Mapping[str, Candidate], stages: Path = MAP) -> None:
    """Raise LastroError where a candidate is an R script that cannot be run, or whose changes DVC would not see."""
    scripts = {name: each for name, each in candidates.items() if isinstance(each, RScript)}
    known = dependencies(read_yaml(stages)) if scripts else set()
    for name, candidate in scripts.items():
        place = f"train.candidates.{name}"
        try:
            program()
        except LastroError as error:
            raise LastroError(f"{place}: {error}") from None
        if candidate.text and str(PurePosixPath(candidate.script)) not in known:
            raise LastroError(
                f"{place}.script: {candidate.script} is no dependency of the stage {STAGE}, so that DVC would not see"
                f" it change: add the line `- {candidate.script}` to its deps in {stages}"
            )


def dependencies(content: Any) -> set[str]:
    """Return the paths that the stage depends on."""
    return set(content["stages"][STAGE]["deps"])
