"""a version's number -> its validation report: `python -m src.lineage.registry report N [--output FILE]`"""

import tempfile
from datetime import datetime
from pathlib import Path

from src.files import write_bytes
from src.journal.settings import Settings
from src.lineage.chain import Place, read_chain
from src.lineage.declined import Applied, applied, band_of
from src.lineage.policy import POLICY, read_policy
from src.lineage.validation import judgement, live, measured, records, sample
from src.lineage.validation.blocks import Report, Section, as_html, as_markdown
from src.lineage.validation.evidence import Evidence, gathered
from src.lineage.validation.live import Live, read_live


def write_report(
    root: Path, place: Place, number: int, file: Path, settings: Settings | None = None, now: datetime | None = None
) -> list[Path]:
    """Write the report of a version to `file` and the same as Markdown beside it; returns both paths.

    Raises LineageError where there is no such version, ChainError where a file of it is not the one that it names.
    What the log cannot say is said in the report; without a log the same version gives the same bytes.
    """
    policy, chain = read_policy(root / POLICY), read_chain(place)
    with tempfile.TemporaryDirectory() as folder:
        evidence = gathered(root, place, policy, chain, number, Path(folder))
        known = read_live(evidence.version.form_sha256 or "", settings, now)
        report = made(evidence, known, applied(policy.monitoring.maturity_days, settings, now), settings)
    paths = [file, file.with_suffix(".md")]
    for path, text in zip(paths, (as_html(report), as_markdown(report)), strict=True):
        write_bytes(path, text.encode())
    return paths


def made(evidence: Evidence, known: Live | str, found: Applied, settings: Settings | None = None) -> Report:
    """Return the document."""
    calibration = measured.calibration(evidence)
    sections = [
        judgement.summary(evidence),
        sample.data(evidence),
        sample.development(evidence),
        sample.candidates(evidence),
        measured.discrimination(evidence),
        calibration._replace(blocks=[*calibration.blocks, *live.months(known)]),
        Section("Stability", [*measured.split(evidence), *live.drift(known), *live.alerts(known)]),
        measured.fairness(evidence),
        measured.sensitivity(evidence),
        measured.instead(evidence),
        judgement.declined(band_of(evidence.folder, found)),
        records.lineage(evidence),
        records.approvals(evidence),
        records.performance(evidence, known, settings),
    ]
    sections = [*sections, judgement.limits(evidence, sections), judgement.open_points(), records.sources(evidence)]
    title = f"Validation report: {evidence.card.name}, version {evidence.version.version}"
    return Report(title, sections)
