"""a CSV file -> scores for all of its rows, in its order"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from src.frontend import results, served, whose
from src.frontend.answer import escaped
from src.frontend.errors import LoginNeededError, PageError, UnavailableError, WaitError
from src.frontend.faults import listed, unreadable
from src.frontend.form import purpose_of
from src.frontend.job import Job
from src.frontend.language import _, current, many
from src.frontend.schema import Field
from src.frontend.sentences import countdown, sentence
from src.frontend.table import Table, UnreadableError, read, template
from src.frontend.texts import NONE, Texts, texts

WORK, UPLOAD = "work", "upload"  # in the session
LARGEST = 50  # MB that are uploaded
COMMAND = "python -m src.batch INPUT OUTPUT"
PATIENCE = 5  # times that a busy service is asked again


@dataclass
class Work:
    """A file that was uploaded, and how far it has come."""

    name: str
    table: Table
    job: Job


def show() -> None:
    """Draw template and upload, then errors, progress or results."""
    st.title(_("Score a file"), anchor=False)
    info, fields = served.model_info(), served.fields()
    words = texts(info)
    whose.line(info)
    introduce(fields)
    st.file_uploader(_("CSV file"), type="csv", key=UPLOAD, on_change=take, args=(fields,), max_upload_size=LARGEST)
    st.markdown(
        _("A file of more than {size} MB is scored where the project is:").format(size=LARGEST) + f" `{COMMAND}`"
    )
    match st.session_state.get(WORK):
        case UnreadableError() as error:
            st.error(unreadable(error), icon=":material/error:")
        case Work() as work if work.table.faults:
            listed(work.table, fields, words)
        case Work() as work:
            outcome(work, info, words)


def introduce(fields: Sequence[Field]) -> None:
    """Draw what a file looks like, and an example of one."""
    semicolons = current().decimal_comma
    st.markdown(_("One applicant a row, one field a column, named as in the template; UTF-8."))
    st.caption(
        _("Template and results are separated by semicolons, with decimal commas; files with commas are read too.")
        if semicolons
        else _("Template and results are separated by commas; files with semicolons are read too.")
    )
    st.download_button(
        _("Template"),
        template(fields, semicolons),
        "template.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def take(fields: Sequence[Field]) -> None:
    """Read the file that was just uploaded; forget the former one."""
    file = st.session_state.get(UPLOAD)
    st.session_state[WORK] = None
    if file is not None:
        try:
            table = read(file.getvalue(), fields)
            st.session_state[WORK] = Work(
                file.name, table, Job(table.applicants, purpose=purpose_of(table.applicants, fields))
            )
        except UnreadableError as error:
            st.session_state[WORK] = error


def outcome(work: Work, info: Mapping[str, Any], words: Texts) -> None:
    """Draw the button, or the bar, or what has come of it."""
    job, all_rows = work.job, len(work.table.rows)
    if work.table.unknown:
        names = ", ".join(escaped(name) or NONE for name in work.table.unknown)
        st.info(_("These columns are no fields; they are kept beside the scores: {names}").format(names=names))
    if job.running and not job.done:
        progress(job)
    if not job.answers:
        st.markdown(many("{number} row, without errors.", "{number} rows, without errors.", all_rows))
        st.button(_("Score the file"), on_click=job.start, type="primary")
        return
    if not job.done:
        state = _("{done} of {all} rows are scored.").format(
            done=current().number(len(job.answers)), all=current().number(all_rows)
        )
        st.warning(state, icon=":material/pause_circle:")
        st.button(_("Go on"), on_click=job.start, type="primary")
    results.show(work.name, work.table, job, info, words)


def progress(job: Job) -> None:
    """Send batch after batch; whatever ends it, the answers stay in the job."""
    bar = st.progress(job.share, text(job))
    place = st.empty()
    place.button(_("Stop scoring"), on_click=job.stop, icon=":material/stop_circle:")
    waited = 0
    while job.running and not job.done:
        try:
            job.step(served.client())
            waited = 0
        except WaitError as error:
            waited += isinstance(error, UnavailableError)
            if waited > PATIENCE:
                interrupted(job, error)
                return
            countdown(error)
        except PageError as error:
            interrupted(job, error)
            return
        bar.progress(job.share, text(job))
    job.stop()
    st.rerun()


def interrupted(job: Job, error: PageError) -> None:
    """Say why it ended; raises LoginNeededError, for the page asks for a login."""
    job.stop()
    if isinstance(error, LoginNeededError):
        raise error
    st.error(sentence(error), icon=":material/error:")


def text(job: Job) -> str:
    """Return how far the file has come."""
    language = current()
    return _("{done} of {all} rows are scored.").format(
        done=language.number(len(job.answers)), all=language.number(len(job.applicants))
    )
