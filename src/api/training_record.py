"""the versions that this process serves -> table training_data, what each was trained on, from its delivered files"""

import logging
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import to_json

from src.api.versions import Version, Versions
from src.errors import refusal, sentences
from src.journal.journal import Journal
from src.journal.training_data import Named, Trained, write_trained
from src.journal.writer import JournalUnavailableError

EVALUATION, REFERENCE = "evaluation.json", "reference.json"
METRIC = "roc_auc"  # by which listings tell versions apart
logger = logging.getLogger(__name__)


class Described(BaseModel):
    """A delivered file that says of which model it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # a later release may say more

    sha256: str


class Evaluated(Described):
    """What `evaluate` found on the test split, as far as it is recorded; releases of before may not say the rows."""

    rows: int | None = None
    metrics: dict[str, dict[str, float | None]]


class Developed(Described):
    """How the development sample is distributed; features are kept as the file has them."""

    rows: int
    features: dict[str, JsonValue]


File = TypeVar("File", bound=Described)


class TrainingRecord:
    """Writes each version's row before it answers; where the log does not take it, again at the next look."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.known: set[Named] = set()
        self.waiting: list[Trained] = []

    def take_up(self, served: Versions) -> None:
        """Write down those of the versions that this process has not written yet (blocks)."""
        versions = {(one.form_sha256, one.number): one for one in (served.champion, *served.served.values())}
        self.waiting += [trained(one) for name, one in versions.items() if name not in self.known]
        self.known |= set(versions)
        self.write()

    def write(self) -> None:
        """Write what waits (blocks); a log that does not answer keeps no version from being served."""
        if not self.waiting:
            return
        try:
            with self.journal.transaction() as connection:
                write_trained(connection, self.waiting)
        except JournalUnavailableError as error:
            logger.warning("training data not written", extra={"reason": str(error)})
        else:
            self.waiting = []


def trained(version: Version) -> Trained:
    """Return a version's row."""
    evaluated = described(version.folder / EVALUATION, version.sha256, Evaluated)
    developed = described(version.folder / REFERENCE, version.sha256, Developed)
    n_test = evaluated.rows if evaluated else None
    return Trained(
        form_sha256=version.form_sha256,
        model_version=version.number,
        model_sha256=version.sha256,
        git_commit=version.git_commit,
        data_md5=version.model.data_md5,
        metric=evaluated.metrics.get(METRIC, {}).get("value") if evaluated else None,
        n_train=developed.rows - n_test if developed and n_test is not None else None,
        n_test=n_test,
        n_features=len(version.card.features),
        feature_stats=to_json(developed.features).decode() if developed else None,
        metrics=to_json(evaluated.metrics).decode() if evaluated else None,
        published_at=version.origin.published,
    )


def described(path: Path, sha256: str, kind: type[File]) -> File | None:
    """Return what a file says of a model; None where there is none, where it is another model's, or cannot be read."""
    if not path.exists():
        return None
    try:
        found = kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = refusal(error) if isinstance(error, OSError) else sentences(error, str(path))
        logger.warning("training data incomplete", extra={"reason": reason})
        return None
    return found if found.sha256 == sha256 else None
