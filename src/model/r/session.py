"""an R script and the columns of training rows -> what R fits by it, read as a table; the only module that starts R"""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from src.errors import LastroError
from src.model.r.table import Columns, Matrix

PROGRAM, REFERENCE = "program.R", "reference BLAS"
PATH = ("/usr/local/bin", "/usr/bin", "/bin")
PLAIN = "only main effects of plain columns can be read as a table"
LINES = "fit <- function(train) {\n  glm(bad ~ ., family = binomial, data = train)\n}"
SENTENCES = {
    "unreadable": "R cannot read it: {said}",
    "fitless": "it defines no function `fit`; add these lines, with the columns that you mean for the point:\n{lines}",
    "saves": "it saves its model by itself and defines no function `fit`, so that nobody could fit it anew: end it with"
    " these three lines, with the columns that you mean for the point:\n{lines}",
    "failed": "its `fit` failed: {said}",
    "class": "its `fit` returned an object of class {term}; a glm is needed, as `glm(…, family = binomial)` returns it",
    "family": "the model's family is {term}; binomial(logit) is needed",
    "interaction": f"the term `{{term}}` is an interaction; {PLAIN}",
    "transformation": f"the term `{{term}}` is a transformation; {PLAIN}",
    "offset": f"the term `{{term}}` is an offset; {PLAIN}",
    "weights": f"the rows are weighted by `{{term}}`; {PLAIN}, and rows count alike",
    "unknown": "the term `{term}` is no column of the training rows",
    "response": "the model is of `{term}`; it must be of `bad`, which is 1 for a bad applicant and 0 for a good one",
    "missing": "it does not handle missing values: glm left out the training rows without {term}; fill them in, or take"
    " these rows out, before they are fitted",
    "rows": "the model was fitted to rows that are not those of `train` by their names",
    "changed": "it changes the values of `{term}` before the fit, which is a transformation;"
    f" {PLAIN}. What is missing may be filled in",
    "contrasts": "the term `{term}` has contrasts of its own; contr.treatment can be read as a table",
    "aliased": "the coefficient of `{term}` is NA although there are such rows: other terms say the same",
    "coefficients": "the model's coefficients are not those of its terms",
}


@dataclass(frozen=True)
class Answer:
    """What R fitted: log-odds as a table, what it warned of, by which R; and of a model that is kept its .rds and PDs.

    `slopes` is what 1 more of a number adds, `levels` what each level of a category does, the base first; levels
    without training rows are not there. A PD is NaN where R cannot score.
    """

    intercept: float
    slopes: dict[str, float]
    levels: dict[str, dict[str, float]]
    warnings: list[str] = field(default_factory=list)
    version: str = ""
    blas: str = ""
    rds: bytes = b""
    pd: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


class Script(NamedTuple):
    """An R script: where it is said to be, and its text."""

    path: str
    text: str


class RRefusedError(LastroError):
    """A script whose model cannot be read as a table; `kind` says why, `term` of what."""

    def __init__(self, path: str, kind: str, term: str, said: str) -> None:
        self.kind, self.term = kind, term
        super().__init__(f"{path}: {SENTENCES[kind].format(term=term, said=' '.join(said.split()), lines=LINES)}")


def program() -> str:
    """Return the path of Rscript; raises LastroError where there is none."""
    found = shutil.which("Rscript")
    if found is None:
        raise LastroError("a candidate of kind r wants R, and there is no Rscript here (Debian: r-base-core)")
    return found


def fitted(
    script: Script, columns: Columns, X: Matrix, bad: NDArray[np.int64], seed: int, asked: Matrix | None = None
) -> Answer:
    """Return what R fits to these rows by the script; raises RRefusedError, or LastroError where R itself fails.

    With `asked`, rows of the same matrix, the answer holds the .rds and R's own PDs of them. R is started anew, without
    anybody's profile, in an empty folder and with no variable of this process: another machine answers the same.
    """
    with TemporaryDirectory(prefix="lastro-r-") as name:
        folder = Path(name)
        words = [str(seed % 2**31), "keep" if asked is not None else "fit", *columns.words()]
        (folder / "job").write_bytes(b"".join(word.encode() + b"\0" for word in words))
        (folder / "numbers").write_bytes(columns.content(X, bad.astype(np.float64)))
        (folder / "asked").write_bytes(b"" if asked is None else columns.content(asked))
        (folder / "script.R").write_text(script.text, encoding="utf-8")
        said = run(folder)
        if not (folder / "answer").is_file():
            raise LastroError(f"{script.path}: R ended without an answer: {said}")
        found = read_answer(script.path, (folder / "answer").read_bytes(), str(folder / "script.R"))
        return found if asked is None else kept(found, folder)


def run(folder: Path) -> str:
    """Run R on the folder and return the end of what it said."""
    command = [program(), "--vanilla", str(Path(__file__).with_name(PROGRAM)), str(folder)]
    done = subprocess.run(  # noqa: S603 (no shell)
        command, cwd=folder, env=environment(command[0]), capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    return " ".join(done.stderr.decode("utf-8", "replace").split())[-300:] or f"exit code {done.returncode}"


def environment(rscript: str) -> Mapping[str, str]:
    """Return R's variables: the locale changes the bytes of an .rds, and threads how BLAS adds up."""
    path = ":".join(dict.fromkeys((str(Path(rscript).parent), *PATH)))
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": path, "HOME": str(Path.home()), "LC_ALL": "C.UTF-8", "TZ": "UTC", **one}


def read_answer(path: str, content: bytes, written: str) -> Answer:
    """Return what R wrote; raises RRefusedError where it refused. `written` is where R found the script."""
    words = content.decode().split("\0")[:-1]
    records = [tuple(words[start : start + 4]) for start in range(0, len(words), 4)]
    for kind, why, term, said in records:
        if kind == "refused":
            raise RRefusedError(path, why, term, said.replace(written, path))
    slopes: dict[str, float] = {}
    levels: dict[str, dict[str, float]] = {}
    about: dict[str, str] = {}
    warnings: list[str] = []
    intercept = 0.0
    for kind, name, level, value in records:
        match kind:
            case "intercept":
                intercept = float.fromhex(value)
            case "slope":
                slopes[name] = float.fromhex(value)
            case "level":
                levels.setdefault(name, {})[level] = float.fromhex(value)
            case "warning":
                warnings.append(value)
            case "about":
                about[name] = value
    return Answer(intercept, slopes, levels, warnings, about["version"], library_of(about["blas"]))


def library_of(path: str) -> str:
    """Return what a BLAS is called: the reference one by its name alone, others by their folder's too.

    >>> library_of("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0")
    'reference BLAS (libblas.so.3.11.0)'
    >>> library_of("/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so")
    'openblas-pthread/libopenblasp-r0.3.21.so'
    """
    *_, folder, name = ("", "", *Path(path).parts)
    reference = (folder == "blas" and name.startswith("libblas")) or name.startswith("libRblas")
    return f"{REFERENCE} ({name})" if reference else f"{folder}/{name}" if name else "unknown"


def kept(found: Answer, folder: Path) -> Answer:
    """Return the answer with the .rds and the PDs that R wrote into the folder."""
    pd = np.frombuffer((folder / "pd").read_bytes(), dtype="<f8").copy()
    return Answer(**{**vars(found), "rds": (folder / "model.rds").read_bytes(), "pd": pd})
