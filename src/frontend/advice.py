"""a declined applicant -> what would have to change, found by asking the API what-ifs"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from src.frontend import served
from src.frontend.answer import escaped
from src.frontend.axes import can_move
from src.frontend.changes import MOST, Change, smallest
from src.frontend.form import Applicant, given
from src.frontend.language import _, current, many
from src.frontend.schema import Field, Value
from src.frontend.texts import Texts

KEY = "advice"  # in the session
EDGE = 1e-9  # a probability of default is kept so far from 0 and 1
Json = Mapping[str, Any]


@dataclass
class Advice:
    """What was answered about one declined applicant; a wait in the middle loses none of it."""

    prediction_id: str
    threshold: float
    version: str | None
    answers: dict[tuple[tuple[str, Value], ...], Json] = field(default_factory=dict)

    def ask(self, applicants: Sequence[Applicant]) -> list[float]:
        """Return how much better than the threshold each is; asks only about those that are not answered yet."""
        new = [each for each in applicants if key(each) not in self.answers]
        if new:
            found = served.client().predict_batch([given(each) for each in new], "what-if", self.version)
            self.answers.update(zip(map(key, new), found, strict=True))
        return [room(self.answers[key(each)], self.threshold) for each in applicants]


def key(applicant: Applicant) -> tuple[tuple[str, Value], ...]:
    """Return an applicant as a key."""
    return tuple(applicant.items())


def room(answer: Json, threshold: float) -> float:
    """Return the distance to the threshold in log odds: above 0 exactly where the API approves."""
    distance = abs(log_odds(answer["probability_of_default"]) - log_odds(threshold))
    return max(distance, EDGE) if answer["decision"] == "approve" else -distance


def log_odds(probability: float) -> float:
    """Return the logarithm of the odds, finite for 0 and 1 too."""
    kept = min(max(probability, EDGE), 1 - EDGE)
    return math.log(kept / (1 - kept))


def show(fields: Sequence[Field], asked: Applicant, answer: Json, threshold: float, words: Texts) -> None:
    """Draw the button, and what was found once it was clicked; nothing for who is approved."""
    if answer["decision"] != "decline":
        return
    st.subheader(_("What would have to change"), anchor=False)
    titles = {field.name: escaped(words.title(field.name, field.title)) for field in fields if can_move(field)}
    if not titles:
        st.caption(_("The data set marks no fact as one that the applicant can change."))
        return
    advice = st.session_state.get(KEY)
    if advice is None or advice.prediction_id != answer["prediction_id"]:
        st.caption(
            _("The smallest changes of one or two of these facts that lead to approval: {names}.").format(
                names=", ".join(titles.values())
            )
        )
        started = Advice(answer["prediction_id"], threshold, answer["model"]["version"])
        st.button(_("Find them"), on_click=start, args=(started,), icon=":material/search:", help=costs())
        return
    with st.spinner(_("The API is asked …")):
        changes = smallest(asked, fields, advice.ask, room(answer, threshold))
    result(changes, asked, advice, titles, words)


def costs() -> str:
    """Return what a search asks for."""
    return many(
        "The API is asked at most {number} what-if, which stands in the history.",
        "The API is asked at most {number} what-ifs, which stand in the history.",
        MOST,
    )


def start(advice: Advice) -> None:
    """Begin a search; the page draws it."""
    st.session_state[KEY] = advice


def result(
    changes: Sequence[Change], asked: Applicant, advice: Advice, titles: Mapping[str, str], words: Texts
) -> None:
    """Draw what was found, or that nothing was."""
    if not changes:
        said = _("No change of one or two of these facts was found that leads to approval: {names}.")
        st.info(said.format(names=", ".join(titles.values())), icon=":material/info:")
    else:
        st.markdown("\n".join(f"1. {line(change, asked, advice, titles, words)}" for change in changes))
    counted = many("{number} what-if was asked.", "{number} what-ifs were asked.", len(advice.answers))
    kept = _("All other facts stay as they are.")
    st.caption(f"{counted} {kept}")


def line(change: Change, asked: Applicant, advice: Advice, titles: Mapping[str, str], words: Texts) -> str:
    """Return a change in words, and what it leads to."""
    steps = [
        _("{title}: {before} → **{after}**").format(
            title=titles[name],
            before=escaped(words.label(name, asked.get(name))),
            after=escaped(words.label(name, value)),
        )
        for name, value in change
    ]
    points = current().number(advice.answers[key({**asked, **dict(change)})]["score"])
    return _("{change} ({points} points)").format(change=_(" and ").join(steps), points=points)
