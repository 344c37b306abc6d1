"""models/, or serving.json and the folders that it names -> the versions that this process serves"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from src.api.bodies import Body
from src.api.problems import ProblemError
from src.api.provenance import Provenance, provenance
from src.api.schemas import ModelOut, VersionOut
from src.errors import LastroError
from src.model.card import Card
from src.serving.applicants import applicant_type, batch_type, schema_of
from src.serving.delivered import NUMBER, Delivered, Delivery, read_delivered, verify
from src.serving.outcomes import OutcomeContract
from src.serving.overrides import overrides_type
from src.serving.predictors import Served, load

CHAMPION, CHALLENGER = "champion", "challenger"
SERVING, REFUSED, NOT_DELIVERED = "serving", "refused", "not delivered"
MODEL_RULE = "model is champion, challenger or a version's number"
# what loading a form of another release may meet
BROKEN = (LastroError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
WORD = re.compile(f"{CHAMPION}|{CHALLENGER}|{NUMBER}")


class Version:
    """A served form with its contract: all that a request to it needs."""

    def __init__(self, served: Served, origin: Provenance, folder: Path) -> None:
        self.served, self.origin, self.folder = served, origin, folder
        self.scorer, self.card, self.model = served.scorer, served.card, origin.model
        self.number, self.sha256, self.git_commit = self.model.version, self.model.sha256, self.model.git_commit
        self.form_sha256 = served.form_sha256
        self.json = to_json(origin.model)
        self.time = self.card.time.name if self.card.time else None
        self.threshold, self.scale = self.card.threshold, self.card.scale.model_dump_json()
        applicant = applicant_type(self.card)
        self.batch = batch_type(applicant)
        self.one = Body(applicant, names=len)
        self.many = Body(self.batch, names=lambda batch: 1 + sum(map(len, batch["applicants"])))
        self.contract = to_json([self.card.features, self.card.time])
        self.names = {*(feature.name for feature in self.card.features), self.time}

    def date(self, applicants: Sequence[dict[str, Any]], now: Callable[[], datetime]) -> None:
        """Write today, in UTC, into each application that does not say when it was made, where the contract asks."""
        if self.time:
            today = now().astimezone(UTC).date().isoformat()
            for applicant in applicants:
                applicant[self.time] = applicant.get(self.time) or today

    def taken_over(
        self, applicant: dict[str, Any], before: "Version", now: Callable[[], datetime]
    ) -> dict[str, Any] | None:
        """Return an applicant of another version's contract as this one's has it; None where that does not take it."""
        if self.contract == before.contract:
            return applicant
        own = {name: value for name, value in applicant.items() if name in self.names}
        try:
            found: dict[str, Any] = self.one.read(to_json(own))
        except ValidationError:
            return None
        self.date([found], now)
        return found

    @cached_property
    def overrides(self) -> Body:
        """Return what may be said of a stored applicant instead of what is stored."""
        return Body(overrides_type(self.card), names=len)

    @cached_property
    def outcomes(self) -> OutcomeContract:
        """Return what may be told of the applicants whom it answered."""
        return OutcomeContract(self.card)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of an applicant."""
        found: dict[str, Any] = schema_of(self.batch)[1]["Applicant"]
        return found


@dataclass(frozen=True)
class Versions:
    """What a process serves at one moment; a switch puts another one in its place.

    `states` holds every version that serving.json names, and the one that answers in its stead where it was refused.
    """

    champion: Version
    challenger: Version | None = None
    served: dict[str, Version] = field(default_factory=dict)
    states: dict[str, VersionOut] = field(default_factory=dict)
    event: int | None = None
    history: list[dict[str, JsonValue]] = field(default_factory=list)
    why: str | None = None

    def asked(self, word: str) -> Version:
        """Return the version that `?model=` means; raises ProblemError 404, 422 or 503."""
        if word == CHAMPION:
            return self.champion
        number = word
        if word == CHALLENGER:
            number = next((name for name, one in self.states.items() if one.alias == CHALLENGER), "")
        if found := self.served.get(number):
            return found
        if not WORD.fullmatch(word):
            raise ProblemError(422, MODEL_RULE)
        raise self.missing(word, self.states.get(number))

    def at(self, word: str) -> Version:
        """Return the version of a path; raises ProblemError 404 for other words too, or 503."""
        if not WORD.fullmatch(word):
            raise ProblemError(404, f"There is no such version; {self.there()}.")
        return self.asked(word)

    def there(self) -> str:
        """Return which versions answer."""
        found = [self.states[number].named for number in self.served]
        return f"there is {', '.join(found) or 'one model, which has no number'}"

    def missing(self, word: str, state: VersionOut | None) -> ProblemError:
        """Return why a version does not answer, and which ones do."""
        if state is None:
            what = f"There is no {word}" if word == CHALLENGER else f"There is no version {word} here"
        elif state.state == REFUSED:
            what = f"Version {state.version} is refused: its files are not those that were published, or cannot be read"
            return ProblemError(503, f"{what}; GET /models says why.")
        else:
            what = f"Version {state.version} is not delivered"
        return ProblemError(404, f"{what}; {self.there()}.")

    def by_form(self, form_sha256: str) -> Version | None:
        """Return the version of a served form, if it is served here."""
        found = (one for one in (self.champion, *self.served.values()) if one.form_sha256 == form_sha256)
        return next(found, None)


def alone(models: Path) -> Versions:
    """Return the one version of the folder `models`; raises LastroError where it is not the one that its card names."""
    served = load(models)
    origin = provenance(models, served.card)
    version = Version(served, origin, models)
    state = VersionOut(
        version=version.number,
        alias=CHAMPION,
        form_sha256=version.form_sha256,
        sha256=origin.model.sha256,
        git_commit=origin.model.git_commit,
        since=origin.published,
        state="serving",
    )
    known = {version.number: version} if version.number else {}
    return Versions(version, None, known, {version.number or "": state})


def of_serving(folder: Path, before: Versions | None = None, *, anew: bool = False) -> Versions:
    """Return what serving.json names; raises LastroError where it cannot be read, or where no champion can be served.

    A version that was served before is taken over unless it is to be built anew. One that cannot be loaded is refused,
    and said; where that is the champion, the one of before goes on.
    """
    delivered = read_delivered(folder)
    served: dict[str, Version] = {}
    states: dict[str, VersionOut] = {}
    for number in sorted(delivered.versions, key=int, reverse=True):
        delivery = delivered.versions[number]
        made: Version | str = delivery.why or "not delivered"
        if delivery.folder is not None:
            made = loaded(folder / delivery.folder, number, delivery, None if anew else before)
        if isinstance(made, Version):
            served[number] = made
        states[number] = state_of(delivered, number, made)
    return whole(delivered, served, states, before)


def whole(
    delivered: Delivered, served: dict[str, Version], states: dict[str, VersionOut], before: Versions | None
) -> Versions:
    """Return all together; raises LastroError where neither this champion nor one of before can be served."""
    number, event, history = delivered.champion, delivered.event, delivered.history
    challenger = served.get(delivered.challenger or "")
    if number in served:
        return Versions(served[number], challenger, served, states, event, history)
    why = f"event {event}: the champion {number} is {states[number].state}: {states[number].why}"
    if before is None:
        raise LastroError(why)
    goes_on(before, served, states)
    return Versions(before.champion, challenger, served, states, before.event, history, why)


def goes_on(before: Versions, served: dict[str, Version], states: dict[str, VersionOut]) -> None:
    """Note that the champion of before answers, whether serving.json still names it or not."""
    number = before.champion.number
    if number and number not in served:
        served[number] = before.champion
        state = states.get(number) or before.states[number].model_copy(update={"alias": None})
        states[number] = state.model_copy(update={"state": SERVING})


def loaded(folder: Path, number: str, delivery: Delivery, before: Versions | None) -> Version | str:
    """Return a delivered version, or why it is refused."""
    known = before.by_form(delivery.form_sha256) if before else None
    if known and known.folder == folder and known.card.sha256 == delivery.sha256:
        origin = origin_of(number, delivery, known.card)
        return known if known.origin == origin else Version(known.served, origin, folder)
    try:
        verify(folder, delivery)
        served = load(folder)
        if served.card.sha256 != delivery.sha256:
            return f"{folder}: is of the model {served.card.sha256}, not of {delivery.sha256}"
        return Version(served, origin_of(number, delivery, served.card), folder)
    except BROKEN as error:
        return f"{type(error).__name__}: {error}" if not isinstance(error, LastroError) else str(error)


def origin_of(number: str, delivery: Delivery, card: Card) -> Provenance:
    """Return where a delivered version comes from, as answers name it."""
    model = ModelOut(
        name=card.name,
        version=number,
        sha256=card.sha256,
        git_commit=delivery.git_commit,
        data_md5=delivery.data_md5 or card.data["applications"],
    )
    return Provenance(model, delivery.dvc_prefix, delivery.published)


def state_of(delivered: Delivered, number: str, made: Version | str) -> VersionOut:
    """Return how it stands with a version."""
    delivery = delivered.versions[number]
    state = SERVING if isinstance(made, Version) else REFUSED if delivery.folder is not None else NOT_DELIVERED
    return VersionOut(
        version=number,
        alias=delivered.alias(number),
        form_sha256=delivery.form_sha256,
        sha256=delivery.sha256,
        git_commit=delivery.git_commit,
        since=delivery.since,
        state=state,
        why=made if isinstance(made, str) else None,
    )
