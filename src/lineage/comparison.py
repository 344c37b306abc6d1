"""two versions' folders -> what differs: parameters, data, metrics, the paired difference; the band of the declined"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from src.files import rounded
from src.lineage.declined import Applied, Band, band_of
from src.lineage.gates import TITLES, Facts, Measured, differences, read_evaluation
from src.lineage.policy import Policy
from src.model.card import CARD, Card, read_card

OF_CARD = ("candidate", "calibrated", "threshold")
HASHES = ("form_sha256", "sha256", "git_commit", "data_md5")
OF_FACTS = (*HASHES, "git_dirty")
OF_BAND = {
    "roc_auc": "AUC",
    "ks": "KS",
    "brier": "Brier",
    "expected_cost": "cost",
    "best_cut_off": "best cut-off",
    "best_cost": "cost there",
}


class Published(Facts, Protocol):
    """What `publish` found of a version, its parameters by dotted key among it."""

    @property
    def form_sha256(self) -> str | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def data_md5(self) -> str | None: ...
    @property
    def params(self) -> Mapping[str, Any]: ...


class Side(NamedTuple):
    """A version: its number, its folder as `chain.fetch` writes it, what `publish` found of it."""

    version: str
    folder: Path
    facts: Published


def compared(policy: Policy, first: Side, second: Side, found_in_log: Applied) -> dict[str, Any]:
    """Return what `compare FIRST SECOND --json` prints.

    Lists hold the first version's and the second's. Parameters are those that differ, by dotted key. A difference is
    that of the second from the first, on the same rows, in the metric's good direction, with its two-sided interval;
    where there is none, `says` is why. `declined` is each version's band on the log's applications, the same ones.
    """
    sides = (first, second)
    cards = [read_card(side.folder / CARD) for side in sides]
    said = [read_evaluation(side.folder, card) for side, card in zip(sides, cards, strict=True)]
    names = (f"version {first.version}", f"version {second.version}")
    found = differences(first.folder, second.folder, cards[1], names)
    columns = [[feature.name for feature in card.features] for card in cards]
    return {
        "versions": [_version(side, card, each) for side, card, each in zip(sides, cards, said, strict=True)],
        "parameters": _differing(*(dict(flat(side.facts.params)) for side in sides)),
        "features": [sorted({*columns[0]} - {*columns[1]}), sorted({*columns[1]} - {*columns[0]})],
        "metrics": {name: [each["metrics"].get(name) for each in said] for name in said[1]["metrics"]},
        "differences": {name: _difference(each, policy.confidence) for name, each in found.items()},
        "declined": [band_of(side.folder, found_in_log) for side in sides],
    }


def _differing(first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[Any]]:
    both = {key: [first.get(key), second.get(key)] for key in sorted({*first, *second})}
    return {key: pair for key, pair in both.items() if pair[0] != pair[1]}


def _version(side: Side, card: Card, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: getattr(side.facts, name) for name in OF_FACTS}
    decided = {name: getattr(card, name) for name in OF_CARD} | {"costs": card.costs.pair.model_dump()}
    data = {"dataset": card.dataset.name, "test_rows": evaluation["rows"], "bad_rate": evaluation["bad_rate"]}
    return {"version": side.version} | facts | decided | data


def flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is no mapping, by its dotted key."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _difference(found: Measured | str, confidence: float) -> dict[str, Any]:
    if isinstance(found, str):
        return {"value": None, "low": None, "high": None, "confidence": confidence, "rows": None, "says": found}
    low, high = found.difference.interval(confidence)
    numbers: dict[str, Any] = rounded({"value": found.difference.value, "low": low, "high": high})
    return numbers | {"confidence": confidence, "rows": found.rows, "says": found.says}


def told(found: Mapping[str, Any]) -> str:
    """Return the same as lines of text: a column a version, then how the second differs from the first."""
    first, second = found["versions"]
    lines = [_line(name, _short(name, first[name]), _short(name, second[name])) for name in first]
    for title, part in (("parameters that differ", found["parameters"]), ("metrics", found["metrics"])):
        width = max(map(len, [*part, *first]))
        lines += ["", title, *(_line(name, _shown(pair[0]), _shown(pair[1]), width) for name, pair in part.items())]
    only = [f"only version {side['version']} asks for {', '.join(names)}" for side, names in
            zip(found["versions"], found["features"], strict=True) if names]  # fmt: skip
    lines += ["", *only] if only else []
    lines += ["", f"how much better version {second['version']} is than version {first['version']}"]
    lines += [_told(name, each) for name, each in found["differences"].items()]
    return "\n".join([*lines, "", *_banded(found["declined"], [first["version"], second["version"]])])


def _banded(bands: Sequence[Band], versions: Sequence[str]) -> Iterator[str]:
    """Yield each version's metrics and best cut-off, if the declined had the odds that their PDs say, or more."""
    yield "if the odds of the declined were 1, 2 or 4 times those that their PDs say"
    for version, band in zip(versions, bands, strict=True):
        if not band["band"]:
            yield f"  version {version}: cannot be told: {band['says']}"
            continue
        yield (
            f"  version {version}, {band['applications']} applications, {band['known']} of {band['approved']} approved"
            f" with an outcome, {band['declined']} declined, {band['unscored']} not scored"
        )
        for one in band["band"]:
            values = ", ".join(f"{title} {_rounded(one[name])}" for name, title in OF_BAND.items())
            yield f"    times {one['odds']}: {values}"


def _rounded(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _line(name: str, first: Any, second: Any, width: int = 13) -> str:
    return f"  {name:{width}}  {first!s:34}  {second!s}".rstrip()


def _short(name: str, value: Any) -> Any:
    """Return a version's fact, of a hash the beginning."""
    return value[:12] if name in HASHES and value else json.dumps(value) if isinstance(value, Mapping) else value


def _shown(value: Any) -> str:
    """Return a metric with its interval, or a parameter."""
    if isinstance(value, Mapping) and "low" in value:
        return f"{value['value']:.4f} [{value['low']:.4f}, {value['high']:.4f}]"
    return json.dumps(value, ensure_ascii=False)


def _told(name: str, each: Mapping[str, Any]) -> str:
    title = TITLES[name].partition(" (")[0]
    if each["value"] is None:
        return f"  {title}: cannot be told: {each['says']}"
    return f"  {title}: {each['value']:+.4f} [{each['low']:+.4f}, {each['high']:+.4f}], {each['says']}"
