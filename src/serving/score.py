"""models/ and JSON lines of inputs on standard input -> JSON lines of answers, as the API gives and logs them

`python -m src.serving.score FOLDER`; a line is the inputs of one applicant, as the log holds them, and its answer is
probability_of_default, score, decision and reasons, an approved applicant's too, each number to its last bit. What
cannot be read or scored ends it, as one sentence that names the line.

`src.lineage.replay` calls this entry in the commit that answered, whichever that is: its name, its argument and its
lines stay for ever. It hands this very text to commits that are older than the entry, so that it asks for nothing but
`load`, `scorer.score` and `run`, which have been there from the first served model on.
"""

import argparse
import json
import sys
from pathlib import Path

from src.errors import LastroError, run
from src.serving.predictors import load


def main() -> None:
    """Answer line by line."""
    parser = argparse.ArgumentParser(prog="python -m src.serving.score", description=__doc__)
    parser.add_argument("folder", type=Path, help="a model's folder, as models/")
    scorer = load(parser.parse_args().folder).scorer
    for place, line in enumerate(sys.stdin.buffer, start=1):
        try:
            scored = scorer.score(json.loads(line), reasons=True)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LastroError(f"line {place}: no inputs of this model: {type(error).__name__}: {error}") from None
        reasons = [reason._asdict() for reason in scored.reasons]
        print(json.dumps(scored._asdict() | {"reasons": reasons}), flush=True)  # noqa: T201


if __name__ == "__main__":
    run(main)
