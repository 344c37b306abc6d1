"""the swap set of two versions -> whom only one of them approves, and what sets those applicants apart"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from src.frontend.answer import escaped
from src.frontend.language import _, current, many
from src.frontend.texts import Texts

Json = Mapping[str, Any]


def show(found: Json, words: Texts) -> None:
    """Draw the two groups; where nobody has applied yet, how to come by some."""
    st.subheader(_("Swap set"), anchor=False)
    if not found["rows"]:
        said = _("None of your applicants is in the log that both versions understand: score some, or a file of them.")
        st.info(said, icon=":material/info:")
        return
    language = current()
    lines = [
        many(
            "Your last {number} applicant, as both versions decide.",
            "Your last {number} applicants, as both versions decide.",
            found["rows"],
        ),
        _("Both approve {approved}, both decline {declined}.").format(
            approved=language.number(found["both_approve"]), declined=language.number(found["both_decline"])
        ),
    ]
    if found["left_out"]:
        lines.append(many("{number} was left out: a contract refuses it.",
                          "{number} were left out: a contract refuses them.", found["left_out"]))  # fmt: skip
    st.caption(" ".join(lines))
    for group in found["groups"]:
        drawn(group, words)


def drawn(group: Json, words: Texts) -> None:
    """Draw a group: how many, how many bads are expected of them, and the features that differ most."""
    language = current()
    bads = [
        _("{count} by version {version}").format(count=language.number(bads, 1), version=version)
        for version, bads in group["expected_bads"].items()
    ]
    st.markdown(
        _("**Approved by {one}, declined by {other}: {count}.** Expected bads: {bads}.").format(
            one=group["approved_by"],
            other=group["declined_by"],
            count=language.number(group["applicants"]),
            bads=", ".join(bads),
        )
    )
    if group["traits"]:
        st.table(
            {
                _("Fact"): [fact(trait, words) for trait in group["traits"]],
                _("These"): [amount(trait, trait["here"]) for trait in group["traits"]],
                _("All"): [amount(trait, trait["all"]) for trait in group["traits"]],
                _("Standard deviations"): [language.signed(trait["difference"], 2) for trait in group["traits"]],
            },
            hide_index=True,
            border="horizontal",
        )


def fact(trait: Json, words: Texts) -> str:
    """Return a feature's title, with the value whose share it is."""
    title = escaped(words.title(trait["feature"], trait["title"]))
    if trait["value"] is None:
        return _("{title}, mean").format(title=title)
    return f"{title}: {escaped(words.label(trait['feature'], trait['value']))}"


def amount(trait: Json, value: float) -> str:
    """Return a mean, or a share."""
    return current().number(value, 1) if trait["value"] is None else current().percent(value)
