"""the versions -> GET /models, /models/{version}, /model/info, …/evaluation, …/scorecard; POST /admin/reload-model"""

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Path as PathParameter
from pydantic import JsonValue

from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.schemas import ModelInfo, ReloadOut, ShadowOut, VersionInfo, VersionsOut, WorkerOut
from src.api.versions import WORD, Version
from src.api.watch import Watch
from src.journal.journal import Journal
from src.serving.scorecard import EVALUATION, Format, NoScorecardError, NoTableError, filed_of

TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "sql": "application/sql",
}
CONTENT = {form.partition(";")[0]: {"schema": {"type": "string"}} for form in TYPES.values()}
FILED: dict[int | str, dict[str, Any]] = {200: {"description": "The file.", "content": CONTENT}}


WORDS = {"pattern": f"^({WORD.pattern})$"}  # for the document; other words are refused by their rule, in words
Named = Annotated[
    str, PathParameter(description="champion, challenger or a version's number", json_schema_extra={**WORDS})
]


class Models:
    """What the routes about the versions of the model need; those of `/model` are the champion's."""

    def __init__(self, watch: Watch, journal: Journal) -> None:
        self.watch, self.journal = watch, journal

    def models(self) -> VersionsOut:
        """Return which versions there are, which of them answer, and what happened."""
        now = self.watch.now
        champion, challenger = now.champion, now.challenger
        found = self.journal.agreement(champion.form_sha256, challenger.form_sha256) if challenger else None
        return VersionsOut(
            event=now.event,
            champion=champion.number,
            challenger=challenger.number if challenger else None,
            why=now.why,
            versions=list(now.states.values()),
            history=now.history,
            shadow=ShadowOut(**found._asdict()) if found else None,
        )

    def version(self, version: Named) -> VersionInfo:
        """Return a version's card, served form, the JSON schema of its applicants, its evaluation."""
        found = self.watch.now.at(version)
        path = found.folder / EVALUATION
        return VersionInfo(
            model=found.model,
            form_sha256=found.form_sha256,
            card=found.card.model_dump(mode="json"),
            export=exported(found),
            schema=found.schema,
            evaluation=json.loads(path.read_bytes()) if path.exists() else None,
        )

    async def reload_model(self) -> ReloadOut:
        """Let every process of the service build anew what was delivered; return what each serves then."""
        reports = await self.watch.reload()
        workers = [WorkerOut(pid=one.pid, event=one.event, champion=one.champion) for one in reports]
        return ReloadOut(event=self.watch.now.event, workers=workers)

    def model_info(self) -> ModelInfo:
        """Return the model's card, its served form, where it comes from."""
        champion = self.watch.now.champion
        return ModelInfo(
            model=champion.model,
            form_sha256=champion.form_sha256,
            dvc_prefix=champion.origin.dvc_prefix,
            published=champion.origin.published,
            computed_by=champion.scorer.predictor.computed_by,
            card=champion.card.model_dump(mode="json"),
            export=exported(champion),
        )

    def model_evaluation(self) -> dict[str, JsonValue]:
        """Return what the evaluation on the test split found: metrics, curves, confusion, fairness."""
        found: dict[str, JsonValue] = json.loads(evaluated(self.watch.now.champion).read_bytes())
        return found

    def model_scorecard(self, format: Format = "csv") -> Response:
        """Return the served scorecard as lenders file it: its table of points, or SQL over a table `applicants`.

        Of a blend, the SQL is that of the scorecard among its members, whose answers are not the blend's; it says so.
        """
        champion = self.watch.now.champion
        try:
            content = filed_of(champion.card, champion.served.export, champion.folder / EVALUATION, format)
        except NoScorecardError as error:
            raise ProblemError(404, f"{error}.") from None
        except NoTableError:
            evaluated(champion)
            raise ProblemError(404, "This deployment has no table of its model's points.") from None
        headers = {"content-disposition": f'attachment; filename="scorecard.{format}"'}
        return Response(content, media_type=TYPES[format], headers=headers)

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
        routes.add_api_route("/models", self.models, responses=problems(503))
        routes.add_api_route("/models/{version}", self.version, responses=problems(404, 422, 503))
        reload = "Look again for versions, in every process"
        routes.add_api_route("/admin/reload-model", self.reload_model, methods=["POST"], summary=reload)
        return routes


def exported(version: Version) -> dict[str, JsonValue]:
    """Return a served form without its tables."""
    return version.served.export.model_dump(mode="json", exclude={"fields", "pairs", "member"})


def evaluated(version: Version) -> Path:
    """Return the path of a version's evaluation; raises ProblemError where this deployment has none."""
    path = version.folder / EVALUATION
    if not path.exists():
        raise ProblemError(404, "This deployment has no evaluation of its model.")
    return path
