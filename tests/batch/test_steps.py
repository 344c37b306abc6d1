"""A run in steps leaves the bytes and the row of the log of one command; a step out of turn is refused"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from src.batch.command import Asked
from src.batch.resuming import alone
from src.batch.steps import take
from src.errors import LastroError
from tests.batch.conftest import FILES, Batch, contents, recorded

Step = Callable[..., int]


@pytest.fixture
def step(model: Path) -> Step:
    """A step that is taken in this process."""

    def taken(inputs: Path, output: Path, name: str | None = None, only: str | None = None, **how: bool) -> int:
        overwrite = how.get("overwrite", False)
        return take(Asked(str(inputs), str(output), "champion", model, False, False, overwrite, 1, None, name, only))

    return taken


def test_steps_leave_the_bytes_of_one_command(
    batch: Batch, inputs: Path, tmp_path: Path, state: Path, step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = (inputs / "day-2.csv").read_text().splitlines()
    (inputs / "day-2.csv").write_text("\n".join([*wrong, "of one cell"]))
    assert batch(output=tmp_path / "whole") == 1
    output = tmp_path / "steps"
    capsys.readouterr()
    assert [step(inputs, output, "parts") for _ in range(2)] == [0, 0]
    first, again = capsys.readouterr().out.splitlines()
    assert first == again
    parts = [one["part"] for one in json.loads(first)]
    assert parts == [f"day-{number}-00000" for number in range(FILES)]
    with ThreadPoolExecutor(2) as both:
        assert set(both.map(lambda part: step(inputs, output, only=part), [*reversed(parts), parts[0]])) == {0}
    assert not (output / "manifest.json").exists()
    assert step(inputs, output, "manifest") == 0
    assert step(inputs, output, "manifest") == 0
    assert contents(output) == contents(tmp_path / "whole")
    assert len(recorded(state)) == 1  # the same files by the same model are the same run


def test_step_out_of_turn_is_refused(batch: Batch, step: Step, inputs: Path, tmp_path: Path) -> None:
    assert callable(batch)  # its log is one's own
    output = tmp_path / "out"
    with pytest.raises(LastroError, match="out: no run has begun in it: --parts begins one"):
        step(inputs, output, only="day-0-00000")
    assert not output.exists()
    step(inputs, output, "parts")
    with pytest.raises(LastroError, match="--only day-9-00000: the run has no such part"):
        step(inputs, output, only="day-9-00000")
    with pytest.raises(LastroError, match="part day-0-00000 is not there: --only day-0-00000 scores it"):
        step(inputs, output, "manifest")
    with alone(str(output)), pytest.raises(LastroError, match="out: another command writes to it"):
        step(inputs, output, only="day-0-00000")
    (inputs / "day-4.csv").write_text((inputs / "day-3.csv").read_text())
    with pytest.raises(LastroError, match="out: holds a run that differs in the input's bytes"):
        step(inputs, output, only="day-0-00000")
    assert step(inputs, output, "parts", overwrite=True) == 0
