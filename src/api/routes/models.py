"""models/ -> GET /model/info, /model/evaluation, /model/scorecard"""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response
from pydantic import JsonValue

from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.provenance import Provenance
from src.api.schemas import ModelInfo
from src.serving.predictors import Served
from src.serving.scorecard import EVALUATION, Format, NoScorecardError, NoTableError, filed_of

TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "sql": "application/sql",
}
CONTENT = {form.partition(";")[0]: {"schema": {"type": "string"}} for form in TYPES.values()}
FILED: dict[int | str, dict[str, Any]] = {200: {"description": "The file.", "content": CONTENT}}


class Models:
    """What the routes about the model need."""

    def __init__(self, served: Served, origin: Provenance, folder: Path) -> None:
        self.folder, self.served = folder, served
        self.info = ModelInfo(
            model=origin.model,
            form_sha256=served.form_sha256,
            dvc_prefix=origin.dvc_prefix,
            published=origin.published,
            computed_by=served.scorer.predictor.computed_by,
            card=served.card.model_dump(mode="json"),
            export=served.export.model_dump(mode="json", exclude={"fields", "pairs"}),
        )

    def model_info(self) -> ModelInfo:
        """Return the model's card, its served form, where it comes from."""
        return self.info

    def model_evaluation(self) -> dict[str, JsonValue]:
        """Return what the evaluation on the test split found: metrics, curves, confusion, fairness."""
        found: dict[str, JsonValue] = json.loads(self.evaluated().read_bytes())
        return found

    def model_scorecard(self, format: Format = "csv") -> Response:
        """Return the served scorecard as lenders file it: its table of points, or SQL over a table `applicants`."""
        try:
            content = filed_of(self.served.card, self.served.export, self.folder / EVALUATION, format)
        except NoScorecardError as error:
            raise ProblemError(404, f"{error}.") from None
        except NoTableError:
            self.evaluated()
            raise ProblemError(404, "This deployment has no table of its model's points.") from None
        headers = {"content-disposition": f'attachment; filename="scorecard.{format}"'}
        return Response(content, media_type=TYPES[format], headers=headers)

    def evaluated(self) -> Path:
        """Return the evaluation's path; raises ProblemError where this deployment has none."""
        path = self.folder / EVALUATION
        if not path.exists():
            raise ProblemError(404, "This deployment has no evaluation of its model.")
        return path

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["model"])
        routes.add_api_route("/model/info", self.model_info)
        routes.add_api_route("/model/evaluation", self.model_evaluation, responses=problems(404))
        scorecard = "The served scorecard as a file"
        routes.add_api_route(
            "/model/scorecard",
            self.model_scorecard,
            response_class=Response,
            responses=FILED | problems(404, 422),
            summary=scorecard,
        )
        return routes
