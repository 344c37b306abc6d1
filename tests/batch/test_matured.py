"""Rows of batches whose outcome is known join the data with the inputs that the run's files hold"""

from datetime import UTC, datetime, timedelta

import pytest

from src.batch.matured import Rows, matured_rows
from src.journal.archive_tables import FORGOTTEN
from src.journal.batch_ids import ids_of, row_of
from src.journal.journal import Journal
from src.journal.matured import told_until
from src.journal.outcomes import Told, predicted, record
from src.model.kinds import KINDS
from src.params import read_params
from src.serving.predictors import load
from tests.batch.scored import Scored

LATER = datetime.now(UTC) + timedelta(days=400)


@pytest.fixture
def told(scored: Scored) -> list[str]:
    """Outcomes of some rows, of one with a group, one of them rejected; the identifiers of those that are known."""
    journal = Journal(scored.address, 5.0)
    journal.start()
    ids = [ids_of(scored.run, row, 1)[0] for row in (0, 7, 299, 300, 301, 302, 399)]
    entries = [Told(one, "bad", LATER - timedelta(days=30), {"foreign_worker": "yes"}) for one in ids]
    with journal.transaction() as connection:
        known = predicted(connection, ids)
        record(connection, entries, known, "back-office", LATER)
    journal.close()
    return [one for one in ids if one in known]


def rows(scored: Scored, before: datetime = LATER) -> Rows:
    root = scored.project.root
    dataset = root / read_params(root / "params.yaml", KINDS).dataset
    with scored.log() as log:
        return matured_rows(log, before, told_until(log, LATER), root / "models", dataset)


def test_rows_have_the_inputs_that_were_scored_and_what_was_answered(scored: Scored, told: list[str]) -> None:
    found = rows(scored)
    assert list(found.rows) == told
    assert {row_of(one) >= 300 for one in told} == {False, True}
    assert found.says == [f"batch run {scored.run}: {len(told)} applications with outcomes, inputs from its files"]
    scorer = load(scored.project.root / "models").scorer
    for one in found.rows.values():
        answer = scorer.score(one.inputs)
        assert (answer.probability_of_default, answer.score, answer.decision) == one[-3:]
        assert (one.outcome, one.groups) == ("bad", {"foreign_worker": "yes"})
    assert rows(scored, datetime(2020, 1, 1, tzinfo=UTC)) == Rows({}, [])


def test_forgotten_row_is_left_out(scored: Scored, told: list[str]) -> None:
    journal = Journal(scored.address, 5.0)
    journal.start()
    with journal.transaction() as connection:
        connection.execute(FORGOTTEN.insert().values(prediction_id=told[0], asked_at=LATER))
    try:
        assert list(rows(scored).rows) == told[1:]
    finally:
        with journal.transaction() as connection:
            connection.execute(FORGOTTEN.delete())
        journal.close()


def test_run_whose_file_is_gone_is_left_out_and_said(scored: Scored, told: list[str]) -> None:
    path = scored.folder / "b.data"
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-80])
        found = rows(scored)
        path.unlink()
        gone = rows(scored)
    finally:
        path.write_bytes(content)
    head = f"batch run {scored.run}: {len(told)} applications with outcomes are left out: {path}: "
    for each, why in ((found, "its sha256 is"), (gone, "no such file")):
        assert each.rows == {}
        assert each.says[0].startswith(head + why), each.says
