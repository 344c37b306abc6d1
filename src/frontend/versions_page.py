"""GET /models -> which versions answer, two of them side by side, the challenger's trial, who promoted what and why"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from src.frontend import model_page, served, swaps
from src.frontend.answer import escaped
from src.frontend.language import _, current
from src.frontend.texts import NONE, texts

SHORT = 12  # characters by which a commit or a hash is known
FIRST, SECOND = "versions:first", "versions:second"  # in the session; other pages have a `version` of their own
Json = Mapping[str, Any]


def show() -> None:
    """Draw the versions, the comparison of two, the challenger's trial and the history, each where there is one."""
    st.title(_("Versions"), anchor=False)
    found = served.client().models()
    if found["why"]:
        st.warning(escaped(found["why"]), icon=":material/warning:")
    there(found)
    numbers = [each["version"] for each in found["versions"] if each["state"] == "serving" and each["version"]]
    if len(numbers) > 1:
        st.subheader(_("Side by side"), anchor=False)
        pair = chosen(numbers, found)
        if pair[0] == pair[1]:
            st.info(_("Choose two versions."), icon=":material/info:")
        else:
            compared(pair)
    if found["shadow"]:
        trial(found["shadow"])
    if found["history"]:
        history(found["history"])


def there(found: Json) -> None:
    """Draw a row a version: what it is, since when, and why it does not answer where it does not."""
    versions = found["versions"]
    st.dataframe(
        {
            _("Version"): [each["version"] or _("not published") for each in versions],
            _("Place"): [place(each["alias"]) for each in versions],
            _("State"): [state(each) for each in versions],
            _("Since"): [moment(each["since"]) for each in versions],
            _("Git commit"): [short(each["git_commit"]) for each in versions],
            _("SHA-256 of the served form"): [short(each["form_sha256"]) for each in versions],
        },
        hide_index=True,
        alt=_("One row a version"),
    )


def place(alias: str | None) -> str:
    """Return what a version is beside its number."""
    return {"champion": _("Champion"), "challenger": _("Challenger")}.get(alias or "", NONE)


def state(version: Json) -> str:
    """Return whether a version answers, with a sign, and why it does not."""
    said = {
        "serving": _("✓ answers"),
        "refused": _("✕ refused"),
        "not delivered": _("✕ not delivered"),
    }.get(version["state"], str(version["state"]))
    return f"{said}: {version['why']}" if version["why"] else said


def moment(time: str | None) -> str:
    """Return a moment in the browser's zone; a dash for none."""
    return current().moment(datetime.fromisoformat(time), st.context.timezone) if time else NONE


def short(name: str | None) -> str:
    """Return the beginning of a commit or a hash; a dash for none."""
    return name[:SHORT] if name else NONE


def coded(name: str | None) -> str:
    """Return the same as a line of Markdown has it."""
    return f"`{short(name)}`" if name else NONE


def chosen(numbers: Sequence[str], found: Json) -> tuple[str, str]:
    """Draw two choices; return them: at first the champion, and the challenger or else the newest other."""
    first = found["champion"] if found["champion"] in numbers else numbers[0]
    others = [number for number in numbers if number != first]
    second = found["challenger"] if found["challenger"] in others else others[0]
    grid = st.grid(2, min_column_width=150)
    said = {each["version"]: each["alias"] for each in found["versions"]}
    pair = []
    for key, label, start in ((FIRST, _("Version"), first), (SECOND, _("Against"), second)):
        with grid.cell():
            place_of = numbers.index(start)
            pair.append(st.selectbox(label, numbers, place_of, lambda one: named(one, said.get(one)), key=key))
    return str(pair[0]), str(pair[1])


def named(number: str, alias: str | None) -> str:
    """Return a version's number and what it is beside that."""
    return f"{number} · {place(alias)}" if alias else number


def compared(pair: tuple[str, str]) -> None:
    """Draw what two versions are, their metrics with intervals, and whom each would approve that the other declines."""
    wholes = {number: served.client().version(number) for number in pair}
    described(wholes)
    if all(whole["evaluation"] for whole in wholes.values()):
        metrics({number: whole["evaluation"]["metrics"] for number, whole in wholes.items()})
    swaps.show(served.client().swaps(*pair), texts(wholes[pair[0]]))


def described(wholes: Mapping[str, Json]) -> None:
    """Draw a row a fact about the versions."""
    language = current()
    facts: dict[str, Callable[[Json], str]] = {
        _("Candidate"): lambda whole: f"`{whole['card']['candidate']}`",
        _("Data set"): lambda whole: escaped(whole["card"]["dataset"]["title"]),
        _("Facts about an applicant"): lambda whole: language.number(len(whole["card"]["features"])),
        _("Declined from a PD of"): lambda whole: language.percent(whole["card"]["threshold"]),
        _("Git commit"): lambda whole: coded(whole["model"]["git_commit"]),
        _("MD5 of the data"): lambda whole: coded(whole["model"]["data_md5"]),
        _("SHA-256 of the model"): lambda whole: coded(whole["model"]["sha256"]),
    }
    columns = {number: [read(whole) for read in facts.values()] for number, whole in wholes.items()}
    st.table({_("Fact"): list(facts)} | columns, hide_index=True, border="horizontal")


def metrics(found: Mapping[str, Json]) -> None:
    """Draw a row a metric: what each version's own test split showed."""
    st.caption(
        _("Each on its own test split, with 95 % intervals; `compare` of the registry pairs the rows they share.")
    )
    names = [name for name in next(iter(found.values())) if all(name in each for each in found.values())]
    columns = {number: [interval(each[name]) for name in names] for number, each in found.items()}
    st.table({_("Metric"): [model_page.metric(name) for name in names]} | columns, hide_index=True, border="horizontal")


def interval(metric: Json) -> str:
    """Return a value with its interval."""
    value, low, high = (current().number(metric[key], 3) for key in ("value", "low", "high"))
    return _("{value} ({low} to {high})").format(value=value, low=low, high=high)


def trial(shadow: Json) -> None:
    """Draw how far the challenger agrees with the champion on applicants that both have scored."""
    language = current()
    st.subheader(_("The challenger's trial"), anchor=False)
    said = _(
        "Both scored the same {rows} applicants, and decided alike on {share} of them. The challenger alone would "
        "approve {more}, the champion alone {less}; their PDs are {apart} apart on average."
    )
    st.markdown(
        said.format(
            rows=language.number(shadow["rows"]),
            share=language.percent(shadow["same_decision"] / shadow["rows"]),
            more=language.number(shadow["approved_by_challenger_only"]),
            less=language.number(shadow["approved_by_champion_only"]),
            apart=language.percent(shadow["mean_difference"], 2),
        )
    )


def history(events: Sequence[Json]) -> None:
    """Draw a row an event, the newest first: who did what to which version, when and why."""
    st.subheader(_("Who promoted what, when and why"), anchor=False)
    newest = sorted(events, key=lambda event: -event["number"])
    st.dataframe(
        {
            _("Event"): [current().number(event["number"]) for event in newest],
            _("Time"): [moment(event["time"]) for event in newest],
            _("What"): [what(event) for event in newest],
            _("Version"): [str(event["version"]) for event in newest],
            _("Who"): [str(event["by"]) for event in newest],
            _("Why"): [str(event["why"]) for event in newest],
            _("Gates"): [gates(event) for event in newest],
        },
        hide_index=True,
        alt=_("One row an event, the newest first"),
    )


def what(event: Json) -> str:
    """Return what an event did."""
    said = {
        "publish": _("published"),
        "promote": _("promoted"),
        "rollback": _("rolled back to"),
        "refuse": _("refused"),
        "adopt": _("adopted"),
    }.get(event["kind"], str(event["kind"]))
    return _("{what}, forced").format(what=said) if event.get("forced") else said


def gates(event: Json) -> str:
    """Return which gates did not pass, with a sign each; a dash where none was asked."""
    found = event.get("gates") or []
    if not found:
        return NONE
    marks = [f"{'✕' if gate['passed'] is False else '?'} {gate['name']}" for gate in found if not gate["passed"]]
    return ", ".join(marks) or _("✓ all passed")
