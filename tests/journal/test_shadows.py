"""What the challenger says beside the champion, and how far the two agree, on SQLite and PostgreSQL"""

import pytest

from src.journal.journal import Journal
from src.journal.shadows import Agreement, Shadow
from tests.journal.rows import entry


def test_agreement_is_of_two_forms_alone(address: str) -> None:
    """On SQLite and PostgreSQL; differences and decisions of other forms are left aside."""
    journal = Journal(address, 2.0)
    journal.start()
    told = [entry(form_sha256="a" * 64, probability_of_default=pd, decision=decision) for pd, decision in (
        (0.5, "decline"), (0.1, "approve"), (0.2, "approve"), (0.1, "approve"))]  # fmt: skip
    other = entry(form_sha256="c" * 64)
    journal.writer.commit([*told, other])
    said = [(0.25, "approve"), (0.6, "decline"), (0.2, "approve")]
    found = [Shadow(one.id, "b" * 64, "2", pd, 600, decision, one.time)  # type: ignore[arg-type]
             for one, (pd, decision) in zip(told, said, strict=False)]  # fmt: skip
    found.append(found[0]._replace(form_sha256="d" * 64))
    journal.shadow([*found, found[0]._replace(prediction_id=other.id)])
    assert journal.agreement("a" * 64, "b" * 64) == Agreement(3, 1, pytest.approx(0.25), 1, 1)
    assert journal.agreement("c" * 64, "d" * 64) is None
    journal.close()
