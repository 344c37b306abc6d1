"""models/ -> GET /model/info, /model/evaluation"""

import json
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from pydantic import JsonValue

from src.api.openapi import KEYED, problems
from src.api.problems import ProblemError
from src.api.schemas import ModelInfo, ModelOut
from src.api.security import Gate
from src.serving.predictors import Served

EVALUATION = "evaluation.json"


class Models:
    """What the routes about the model need."""

    def __init__(self, served: Served, origin: ModelOut, folder: Path) -> None:
        self.folder = folder
        self.info = ModelInfo(
            model=origin,
            card=served.card.model_dump(mode="json"),
            export=served.export.model_dump(mode="json", exclude={"fields"}),
        )

    def model_info(self) -> ModelInfo:
        """Return the model's card, its served form, where it comes from."""
        return self.info

    def model_evaluation(self, request: Request) -> dict[str, JsonValue]:
        """Return what the evaluation on the test split found: metrics, curves, confusion, fairness."""
        path = self.folder / EVALUATION
        if not path.exists():
            raise ProblemError(
                404, "This deployment has no evaluation of its model.", headers=request.state.caller.headers
            )
        found: dict[str, JsonValue] = json.loads(path.read_bytes())
        return found

    def router(self, gate: Gate) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["model"], dependencies=[Depends(gate.require)])
        routes.add_api_route("/model/info", self.model_info, responses=problems(401, 429, 503), openapi_extra=KEYED)
        evaluation = problems(401, 404, 429, 503)
        routes.add_api_route("/model/evaluation", self.model_evaluation, responses=evaluation, openapi_extra=KEYED)
        return routes
