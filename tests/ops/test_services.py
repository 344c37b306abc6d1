from collections.abc import Callable

import pytest

from ops.deployment import Deployment, parse
from ops.services import API, DELIVERY, MINIO, MLFLOW, MONITOR, PAGE, PAGE_VARIABLES, SERVICES
from ops.supervisord import render
from src.api.settings import Settings
from src.monitoring.settings import Settings as Monitoring

LAKES = {"LASTRO_LAKE_CATALOG", "LASTRO_LAKE_WAREHOUSE", "LASTRO_OPENLINEAGE_URL"}
COMPOSES = {"LASTRO_DOMAIN", "LASTRO_HTTPS_ADDRESS", "LASTRO_HTTPS_NETWORK", "LASTRO_AIRFLOW_DATABASE_URL"}  # its alone
MONITORS = {"LASTRO_MONITOR_MINUTES", "LASTRO_SLACK_WEBHOOK_URL"}
Deploy = Callable[..., Deployment]
pytestmark = pytest.mark.usefixtures("server_program")


def test_each_service_gets_only_its_own_variables(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING_PRIVATE", "1")
    deployment = deploy()
    store, tracking = MINIO.environment(deployment), MLFLOW.environment(deployment)
    assert store["MINIO_ROOT_PASSWORD"] == tracking["AWS_SECRET_ACCESS_KEY"]
    assert not {"AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_URI", "LASTRO_STATE", "SOMETHING_PRIVATE"} & set(store)
    assert not {"LASTRO_STATE", "MINIO_PORT", "SOMETHING_PRIVATE"} & set(tracking)


def test_api_gets_its_variables_and_no_credentials_of_the_store(deploy: Deploy) -> None:
    deployment = deploy(LASTRO_RATE_LIMIT="5/minute", LASTRO_DATABASE_URL="postgresql://lastro@db/lastro")
    environment = API.environment(deployment)
    assert environment["LASTRO_API_KEYS"] == deployment.values["LASTRO_API_KEYS"]
    assert environment["LASTRO_RATE_LIMIT"] == "5/minute"
    assert environment["LASTRO_STATE"] == str(deployment.state)
    given = {name for name in environment if name.startswith(("AWS_", "MLFLOW_", "MINIO_", "LASTRO_"))}
    assert {name.removeprefix("LASTRO_").lower() for name in given} <= set(Settings.model_fields)
    for service in (MINIO, MLFLOW):
        assert not {name for name in service.environment(deployment) if name.startswith("LASTRO_")}


def test_every_variable_of_the_api_in_env_is_one_of_its_settings_and_reaches_it(deploy: Deploy) -> None:
    deployment = deploy()
    written = {name for name in parse(deployment.root / ".env.example") if name.startswith("LASTRO_")}
    others = {"LASTRO_STATE", "LASTRO_BUCKET", "LASTRO_HOST", "LASTRO_KEEP_VERSIONS", *MONITORS, *LAKES, *COMPOSES}
    ours = written - others - set(PAGE_VARIABLES)
    assert {name.removeprefix("LASTRO_").lower() for name in ours} <= set(Settings.model_fields)
    assert {name for name in ours if deployment.values.get(name)} <= set(API.environment(deployment))


def test_another_model_is_no_other_configuration_for_the_api_follows_what_is_delivered(deploy: Deploy) -> None:
    deployment = deploy()
    (deployment.root / "models").mkdir()
    before = [service.configuration(deployment) for service in SERVICES]
    (deployment.root / "models" / "registry.json").write_text("2")
    assert [service.configuration(deployment) for service in SERVICES] == before


def test_delivery_alone_may_read_the_store_and_is_there_when_something_is_delivered(deploy: Deploy) -> None:
    deployment = deploy(LASTRO_KEEP_VERSIONS="5")
    given = DELIVERY.environment(deployment)
    assert given["AWS_SECRET_ACCESS_KEY"] == deployment.values["AWS_SECRET_ACCESS_KEY"]
    assert {name for name in given if name.startswith("LASTRO_")} == {"LASTRO_STATE", "LASTRO_KEEP_VERSIONS"}
    assert (DELIVERY.address(deployment), DELIVERY.healthy(deployment)) == ("", False)
    (deployment.state / "serving").mkdir(parents=True)
    (deployment.state / "serving" / "serving.json").write_text("{}")
    assert DELIVERY.healthy(deployment)


def test_monitor_gets_its_variables_alone_and_nobody_else_the_address_that_it_tells(deploy: Deploy) -> None:
    address = "https://hooks.example.org/services/T0/B0/secret"
    deployment = deploy(LASTRO_SLACK_WEBHOOK_URL=address, LASTRO_DATABASE_URL="postgresql://lastro@db/lastro")
    given = MONITOR.environment(deployment)
    ours = {name for name in given if name.startswith(("AWS_", "MLFLOW_", "LASTRO_"))}
    assert ours == {*MONITORS, "LASTRO_DATABASE_URL", "LASTRO_DATABASE_TIMEOUT", "LASTRO_STATE", "LASTRO_MODELS"}
    assert {name.removeprefix("LASTRO_").lower() for name in ours} <= set(Monitoring.model_fields)
    assert [service.name for service in SERVICES if address in service.environment(deployment).values()] == ["monitor"]
    (deployment.root / "policy.yaml").write_text("windows: 2")
    before = [service.configuration(deployment) for service in (API, MONITOR)]
    (deployment.root / "policy.yaml").write_text("windows: 3")
    after = [service.configuration(deployment) for service in (API, MONITOR)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def test_page_gets_where_the_api_is_and_nothing_else_of_env(deploy: Deploy) -> None:
    deployment = deploy(LASTRO_ENDPOINT="https://scores.example.org", LASTRO_API_KEY="secret")
    environment = PAGE.environment(deployment)
    given = {name: value for name, value in environment.items() if name.startswith(("AWS_", "MLFLOW_", "LASTRO_"))}
    assert given == {"LASTRO_ENDPOINT": "https://scores.example.org", "LASTRO_API_KEY": "secret"}
    assert not set(PAGE_VARIABLES) & set(API.environment(deployment))


def test_page_listens_on_this_machine_alone(deploy: Deploy) -> None:
    deployment = deploy()
    command = PAGE.command(deployment)
    assert command[command.index("--server.address") + 1] == "127.0.0.1"
    assert command[command.index("--server.port") + 1] == str(deployment.port("PAGE_PORT"))


@pytest.mark.parametrize("path", ["src/frontend/app.py", ".streamlit/config.toml", ".streamlit/secrets.toml"])
def test_page_starts_again_where_its_source_or_key_has_changed_and_the_api_does_not(deploy: Deploy, path: str) -> None:
    deployment = deploy()
    file = deployment.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("before")
    before = [service.configuration(deployment) for service in (API, PAGE)]
    file.write_text("after")
    after = [service.configuration(deployment) for service in (API, PAGE)]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_minio_asks_nobody_for_news_and_writes_to_the_state_alone(deploy: Deploy) -> None:
    deployment = deploy()
    assert MINIO.environment(deployment)["MINIO_UPDATE"] == "off"
    command = MINIO.command(deployment)
    assert command[command.index("--certs-dir") + 1].startswith(str(deployment.state))
    assert command[command.index("--address") + 1] == f"127.0.0.1:{deployment.port('MINIO_PORT')}"


def test_mlflow_runs_no_jobs_and_no_telemetry(deploy: Deploy) -> None:
    environment = MLFLOW.environment(deploy())
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_supervisors_configuration_holds_no_secret_and_changes_with_it(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy()
    before = render(deployment, [MINIO, MLFLOW])
    assert deployment.values["AWS_SECRET_ACCESS_KEY"] not in before
    monkeypatch.setenv("LANG", "another shell")
    assert render(deployment, [MINIO, MLFLOW]) == before
    changed = Deployment(deployment.root, deployment.venv, {**deployment.values, "AWS_SECRET_ACCESS_KEY": "another"})
    assert render(changed, [MINIO, MLFLOW]) != before
