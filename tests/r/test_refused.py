"""What no table can say is refused by its term, what can is read: each script runs in R"""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from src.model.r.session import LINES, SENTENCES, Answer, RRefusedError, Script, fitted, library_of
from src.model.r.table import Columns
from tests.conftest import ROOT

pytestmark = pytest.mark.r

ROWS = 300
COLUMNS = Columns(["the age", "the age", "job", "sum"], {"job": ["none", "sôme", "never", "good"]}, [])
SAVES = 'rows <- read.csv("rows.csv")\nmodel <- glm(bad ~ age, binomial, rows)\nsaveRDS(model, "model.rds")\n'
MISSING = 7  # rows without an age


def sample(missing: int = MISSING) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Applicants, of whom the first have no age; nobody has the job `never`."""
    random = np.random.default_rng(11)
    age, job, total = random.normal(40, 9, ROWS), random.choice([0, 1, 3], ROWS), random.lognormal(3, 1, ROWS)
    bad = (random.random(ROWS) < 1 / (1 + np.exp((age - 40) / 9 - job / 2))).astype(np.int64)
    absent = np.arange(ROWS) < missing
    return np.column_stack([np.where(absent, 40, age), absent, job, total]), bad


def ask(text: str, missing: int = 0) -> Answer:
    """What R answers to a whole script."""
    return fitted(Script("scoring/my.R", text), COLUMNS, *sample(missing), seed=1)


def of(body: str) -> str:
    """A script whose `fit` does this."""
    return f"fit <- function(train) {{\n{body}\n}}\n"


GLM = "glm({}, family = binomial, data = train)"
REFUSED = {
    GLM.format("bad ~ `the age` * job"): ("interaction", "`the age`:job"),
    GLM.format("bad ~ job + log(sum)"): ("transformation", "log(sum)"),
    GLM.format("bad ~ job + offset(sum)"): ("offset", "offset(sum)"),
    GLM.format("bad ~ job, weights = sum"): ("weights", "sum"),
    GLM.format("bad ~ job, contrasts = list(job = 'contr.sum')"): ("contrasts", "job"),
    GLM.format("ifelse(bad == 1, 0, 1) ~ job"): ("transformation", "ifelse(bad == 1, 0, 1)"),
    "train$twice <- 2 * train$sum\n" + GLM.format("bad ~ sum + twice"): ("unknown", "twice"),
    "train$sum <- train$sum / 100\n" + GLM.format("bad ~ ."): ("changed", "sum"),
    "levels(train$job)[4] <- 'none'\n" + GLM.format("bad ~ ."): ("changed", "job"),
    "train$sum <- ifelse(train$job == 'good', 1, 0)\ntrain$sum <- NULL\ntrain$bad <- 1 - train$bad\n"
    + GLM.format("bad ~ job"): ("changed", "bad"),
    "lm(bad ~ job, data = train)": ("class", "lm"),
    "glm(bad ~ job, family = binomial('probit'), data = train)": ("family", "binomial(probit)"),
    "stop('no such luck')": ("failed", ""),
}


@pytest.mark.parametrize(("body", "why"), REFUSED.items(), ids=[kind for kind, _ in REFUSED.values()])
def test_what_is_no_main_effect_is_refused_by_its_term(body: str, why: tuple[str, str]) -> None:
    with pytest.raises(RRefusedError) as refused:
        ask(of(body))
    assert (refused.value.kind, refused.value.term) == why
    assert str(refused.value).startswith("scoring/my.R: ")
    assert why[1] in str(refused.value)


def test_na_of_a_level_with_rows_is_refused_by_its_name() -> None:
    X, bad = sample(0)
    X[:, 3] = X[:, 2] == 3  # the sum says what the level says
    with pytest.raises(RRefusedError, match=r"`sum` is NA although there are such rows"):
        fitted(Script("my.R", of(GLM.format("bad ~ job + sum"))), COLUMNS, X, bad, seed=1)
    with pytest.raises(RRefusedError, match=r"`job = good` is NA"):
        fitted(Script("my.R", of(GLM.format("bad ~ sum + job"))), COLUMNS, X, bad, seed=1)


def test_missing_values_that_a_script_does_not_handle_are_refused_by_their_field() -> None:
    with pytest.raises(RRefusedError, match=r"left out the training rows without the age;"):
        ask(of(GLM.format("bad ~ .")), MISSING)
    assert ask(of(GLM.format("bad ~ job")), MISSING).slopes == {}
    filled = "train$`the age`[is.na(train$`the age`)] <- 40\n" + GLM.format("bad ~ .")
    assert set(ask(of(filled), MISSING).slopes) == {"the age", "sum"}


@pytest.mark.parametrize(("text", "kind"), [(SAVES, "saves"), ("rows <- 1\n", "fitless"), ("fit <- 3\n", "fitless")])
def test_script_without_fit_is_not_run_and_told_the_three_lines(text: str, kind: str) -> None:
    with pytest.raises(RRefusedError) as refused:
        ask(text)
    assert refused.value.kind == kind
    assert str(refused.value).endswith(f"\n{LINES}")
    assert len(LINES.splitlines()) == 3
    assert set(ask(LINES + "\n").levels) == {"job"}


def test_script_that_r_cannot_read_is_told_with_its_own_path_and_line() -> None:
    with pytest.raises(RRefusedError, match=r"R cannot read it: scoring/my\.R:2:0: unexpected end of input"):
        ask("fit <- function(train) {\n")


def test_table_is_read_whatever_the_base_level_the_intercept_and_the_names() -> None:
    plain = ask(of(GLM.format("bad ~ .")))
    assert list(plain.levels["job"]) == ["none", "sôme", "good"]
    assert plain.levels["job"]["none"] == 0
    other = ask(of("train$job <- relevel(train$job, 'good')\n" + GLM.format("bad ~ .")))
    free = ask(of(GLM.format("bad ~ . - 1")))
    for found in (other, free):
        sums = {level: found.intercept + weight for level, weight in found.levels["job"].items()}
        assert sums == pytest.approx({level: plain.intercept + w for level, w in plain.levels["job"].items()}, abs=1e-9)
        assert found.slopes == pytest.approx(plain.slopes, abs=1e-9)
    assert ask(of("step(" + GLM.format("bad ~ .") + ", trace = 0)")).slopes.keys() <= plain.slopes.keys()


def test_separation_is_told_and_what_a_script_prints_or_wants_of_others_changes_nothing() -> None:
    text = "print('hello')\n" + of(
        "message('fitting')\ntrain$sum <- NULL\nwriteLines('x', 'somewhere')\n" + GLM.format("bad ~ .")
    )
    X, bad = sample(0)
    X[:, 0] += 200 * bad  # says it all
    found = fitted(Script("my.R", text), COLUMNS, X, bad, seed=1)
    assert any("fitted probabilities numerically 0 or 1 occurred" in text for text in found.warnings)


def test_r_sees_no_variable_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for R")
    monkeypatch.setenv("LC_ALL", "C")
    said = "stop(Sys.getenv('AWS_SECRET_ACCESS_KEY', 'none'), ' ', Sys.getlocale('LC_CTYPE'))"
    with pytest.raises(RRefusedError, match=r"failed: none C\.UTF-8$"):
        ask(of(said))


def test_every_sentence_is_one_that_r_may_ask_for() -> None:
    text = (ROOT / "src/model/r/program.R").read_text()
    assert set(re.findall(r'refuse\("(\w+)"', text)) | {"saves", "fitless"} == set(SENTENCES)


def test_blas_is_called_the_reference_one_only_where_it_is() -> None:
    assert library_of("/usr/lib/R/lib/libRblas.so") == "reference BLAS (libRblas.so)"
    assert library_of("") == "unknown"
