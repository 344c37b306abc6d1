"""logged predictions -> each computed again, those of one code and one model together, and what came of it"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from src.files import sha256_of
from src.journal.service import Service
from src.journal.tables import Entry
from src.lineage.commits import Release
from src.lineage.lock import DATA, LOCK, LineageError, read_lock
from src.lineage.rerun import Answer, Combination, MissingError, Unscored, Workshop
from src.lineage.verdicts import Lineage, Outcome, best, compared, differences, logged, machine_of
from src.serving.export import EXPORT

OLD = "its record is older than the served form's hash: found by the model's sha256 among all commits"
NO_CODE = "nobody wrote down which code answered: computed by the code of the model's commit"

GONE = "the applicant was forgotten: inputs and reasons are blank, PD, score, decision and model stay"
UNCOMMITTED = "no commit holds its form: computed with the files that the chain of events keeps of version"


class Trial(NamedTuple):
    """A prediction, the ways to compute it again (several where its record is too old to say), what came of each."""

    entry: Entry
    service: Service | None
    notes: list[str]
    ways: list[Combination]
    outcomes: list[Outcome]

    def begins(self, turn: int) -> bool:
        """Say whether another way is to be tried."""
        return turn < len(self.ways) and all(outcome.verdict != "equal" for outcome in self.outcomes)

    def outcome(self) -> Outcome:
        """Return what came of it, with what there is to say of its record."""
        found = best(self.outcomes)
        return found._replace(says=(*self.notes, *found.says))

    def fails(self, error: MissingError, lineage: Lineage) -> None:
        """Note that something is missing."""
        self.outcomes.append(Outcome("cannot", error.what, {}, lineage, (str(error),)))


@dataclass
class Trials:
    """Computes predictions again in a workshop; `view` is what the record shows of an answer."""

    workshop: Workshop
    lineages: dict[Combination, Lineage] = field(default_factory=dict)
    known: dict[tuple[str | None, ...], list[Combination] | MissingError] = field(default_factory=dict)
    view: Callable[[Answer], Answer] = dict

    def outcomes(self, entries: Sequence[Entry], services: Mapping[str, Service]) -> list[Outcome]:
        """Return what came of each prediction."""
        trials = [self.trial(entry, services.get(entry.service_id or "")) for entry in entries]
        turn = 0
        while waiting := [trial for trial in trials if trial.begins(turn)]:
            groups: dict[Combination, list[Trial]] = {}
            for trial in waiting:
                groups.setdefault(trial.ways[turn], []).append(trial)
            for way, group in groups.items():
                self.compute(way, group)
            turn += 1
        return [trial.outcome() for trial in trials]

    def trial(self, entry: Entry, service: Service | None) -> Trial:
        """Return the ways to compute a prediction again; where there are none, what is missing."""
        notes = [*([] if entry.form_sha256 else [OLD]), *([] if service and service.code_commit else [NO_CODE])]
        trial = Trial(entry, service, notes, [], [])
        if entry.kept == "forgotten":
            trial.outcomes.append(Outcome("forgotten", None, {}, recorded(trial), (GONE,)))
            return trial
        try:
            refuse_dirty(service)
            trial.ways.extend(self.known_ways(entry, service.code_commit if service else None))
        except MissingError as error:
            trial.fails(error, recorded(trial))
        notes += [f"{UNCOMMITTED} {way.model}" for way in trial.ways if isinstance(way.model, int)]
        return trial

    def known_ways(self, entry: Entry, code: str | None) -> list[Combination]:
        """Return the ways, looked for once for all rows of one form and one code; raises MissingError."""
        if entry.form_sha256 is None:
            return self.ways(entry, code)
        key = entry.form_sha256, entry.model_sha256, entry.git_commit, code
        if key not in self.known:
            try:
                self.known[key] = self.ways(entry, code)
            except MissingError as error:
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, MissingError):
            raise found
        return found

    def ways(self, entry: Entry, code: str | None) -> list[Combination]:
        """Return the ways to compute a prediction again; raises MissingError where there is none.

        A form that no commit holds was served from files that were not committed; its event has it if it was published.
        """
        try:
            return [Combination(code or release.commit, release.commit) for release in self.releases(entry)]
        except MissingError:
            state = self.workshop.published
            version = state.version_of(entry.form_sha256) if entry.form_sha256 else None
            if code is None or version is None or state.versions[version].sha256 != entry.model_sha256:
                raise
            return [Combination(code, version)]

    def releases(self, entry: Entry) -> list[Release]:
        """Return the commits whose model may have answered; raises MissingError where there is none."""
        history = self.workshop.history
        if entry.form_sha256 is None:
            found = history.of_model(entry.model_sha256, entry.time)
            what = f"models/model.json is of the model {entry.model_sha256}"
        else:
            found = history.of_form(entry.form_sha256, entry.git_commit)
            found = [each for each in found if history.model(each.card) == entry.model_sha256]
            what = f"models/export.json has the sha256 {entry.form_sha256}, of the model {entry.model_sha256}"
        if not found:
            raise MissingError(
                "commit", f"no commit here whose {what}, and whose {LOCK} agrees: `git fetch` may bring it"
            )
        return found

    def compute(self, way: Combination, group: Sequence[Trial]) -> None:
        """Compute predictions again by one code and one model, and note what came of each."""
        try:
            answers = self.workshop.answers(way, [trial.entry.inputs for trial in group])
            now = self.workshop.machine(way.code)
        except MissingError as error:
            for trial in group:
                trial.fails(error, recorded(trial) | way_of(way))
            return
        for trial, answer in zip(group, answers, strict=True):
            lineage = recorded(trial) | self.lineage(way)
            if isinstance(answer, Unscored):
                trial.outcomes.append(Outcome("cannot", None, {}, lineage, (answer.sentence,)))
                continue
            then = machine_of(trial.service) if trial.service else None
            trial.outcomes.append(compared(logged(trial.entry), self.view(answer), differences(then, now), lineage))

    def lineage(self, way: Combination) -> Lineage:
        """Return where an answer of this way comes from."""
        if way not in self.lineages:
            models = self.workshop.delivered(way.model)
            facts: Lineage = {"form_sha256": sha256_of((models / EXPORT).read_bytes())}
            if isinstance(way.model, str):
                facts |= of_lock(self.workshop.unpacked(way.model))
            else:
                facts |= {"data_md5": self.workshop.published.versions[way.model].data_md5}
            self.lineages[way] = way_of(way) | facts
        return self.lineages[way]


def of_lock(release: Path) -> Lineage:
    """Return what a commit's dvc.lock is, and the data of which it says that the model was made."""
    try:
        data = read_lock(release).output(DATA)[0]
    except LineageError:
        data = None
    return {"dvc_lock": sha256_of((release / LOCK).read_bytes()), "data_md5": data}


def refuse_dirty(service: Service | None) -> None:
    """Raise MissingError where the code that answered was in no commit."""
    if service and service.code_dirty:
        where = f" on commit {service.code_commit}" if service.code_commit else ""
        raise MissingError("code", f"the code that answered had changes that were not committed{where}")


def way_of(way: Combination) -> Lineage:
    """Return the commits of a way; a version that is in none has none."""
    return {"git_commit": way.model if isinstance(way.model, str) else None, "code_commit": way.code}


def recorded(trial: Trial) -> Lineage:
    """Return what the log itself says of where an answer comes from."""
    entry, service = trial.entry, trial.service
    machine = machine_of(service) if service else None
    return {
        "git_commit": entry.git_commit,
        "code_commit": service.code_commit if service else None,
        "dvc_lock": None,
        "data_md5": None,
        "model_sha256": entry.model_sha256,
        "form_sha256": entry.form_sha256,
        "version": entry.model_version,
        "libraries": {"python": machine.python} | machine.libraries if machine else None,
        "machine": machine.cpu if machine else None,
    }
