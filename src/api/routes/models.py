"""models/ -> GET /model/info, /model/evaluation"""

import json
from pathlib import Path

from fastapi import APIRouter
from pydantic import JsonValue

from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.provenance import Provenance
from src.api.schemas import ModelInfo
from src.serving.predictors import Served

EVALUATION = "evaluation.json"


class Models:
    """What the routes about the model need."""

    def __init__(self, served: Served, origin: Provenance, folder: Path) -> None:
        self.folder = folder
        self.info = ModelInfo(
            model=origin.model,
            dvc_prefix=origin.dvc_prefix,
            published=origin.published,
            card=served.card.model_dump(mode="json"),
            export=served.export.model_dump(mode="json", exclude={"fields"}),
        )

    def model_info(self) -> ModelInfo:
        """Return the model's card, its served form, where it comes from."""
        return self.info

    def model_evaluation(self) -> dict[str, JsonValue]:
        """Return what the evaluation on the test split found: metrics, curves, confusion, fairness."""
        path = self.folder / EVALUATION
        if not path.exists():
            raise ProblemError(404, "This deployment has no evaluation of its model.")
        found: dict[str, JsonValue] = json.loads(path.read_bytes())
        return found

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["model"])
        routes.add_api_route("/model/info", self.model_info)
        routes.add_api_route("/model/evaluation", self.model_evaluation, responses=problems(404))
        return routes
