# Eight images, each a target: `serving` (the API with its model inside), `serving-follow` (the API that serves what is
# delivered to it), `delivery` (which delivers it), `page`, `batch` (files of any size, or a worker of a Dask cluster), `lake`
# (which brings and asks the lake's tables), `pipeline` (everything else of compose.yaml), and `airflow` (that, and Airflow).
# The context is the project's root.
# `python -m ops.image serving` builds the first one with the arguments and the secret that it needs.
ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim-bookworm AS base
ENV PATH=/opt/lastro/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lastro \
 && install --directory --owner lastro --group lastro --mode 700 /var/lib/lastro
WORKDIR /srv/lastro

# --- environments: each lock names the versions of requirements.txt; no installer goes along. Modules of API and
# page are not compiled here but where they are first imported, below: most never are.
FROM base AS serving-environment
RUN --mount=type=bind,source=requirements-serving.txt,target=/tmp/requirements.txt \
    --mount=type=cache,target=/tmp/.cache/pip \
    python -m venv --without-pip /opt/lastro \
 && pip --python /opt/lastro/bin/python install --quiet --no-compile --require-hashes --no-deps \
    -r /tmp/requirements.txt \
 && find /opt/lastro -type d -name tests -prune -exec rm -r {} +

# boto3 is what src/lineage/storage.py speaks to S3 with; of its 300 services' descriptions two are kept
FROM serving-environment AS fetch-environment
RUN --mount=type=bind,source=requirements-fetch.txt,target=/tmp/requirements.txt \
    --mount=type=cache,target=/tmp/.cache/pip \
    pip --python /opt/lastro/bin/python install --quiet --no-compile --require-hashes --no-deps \
    -r /tmp/requirements.txt \
 && find /opt/lastro/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts -exec rm -r {} +

FROM base AS page-environment
RUN --mount=type=bind,source=requirements-page.txt,target=/tmp/requirements.txt \
    --mount=type=cache,target=/tmp/.cache/pip \
    python -m venv --without-pip /opt/lastro \
 && pip --python /opt/lastro/bin/python install --quiet --no-compile --require-hashes --no-deps \
    -r /tmp/requirements.txt \
 && find /opt/lastro -type d \( -name tests -o -path '*/pyarrow/include' \) -prune -exec rm -r {} +

FROM base AS batch-environment
RUN --mount=type=bind,source=requirements-batch.txt,target=/tmp/requirements.txt \
    --mount=type=cache,target=/tmp/.cache/pip \
    python -m venv --without-pip /opt/lastro \
 && pip --python /opt/lastro/bin/python install --quiet --no-compile --require-hashes --no-deps \
    -r /tmp/requirements.txt \
 && find /opt/lastro -type d \( -name tests -o -path '*/pyarrow/include' \) -prune -exec rm -r {} +

FROM base AS pipeline-environment
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \
    --mount=type=bind,source=requirements-pipeline.txt,target=/tmp/requirements-pipeline.txt \
    --mount=type=cache,target=/tmp/.cache/uv \
    python -m venv /tmp/installer \
 && sed -n '/^uv==/,/[^\\]$/p' /tmp/requirements.txt >/tmp/uv.txt \
 && /tmp/installer/bin/pip install --quiet --no-cache-dir --require-hashes --no-deps -r /tmp/uv.txt \
 && python -m venv --without-pip /opt/lastro \
 && VIRTUAL_ENV=/opt/lastro UV_LINK_MODE=copy /tmp/installer/bin/uv pip sync --quiet --require-hashes \
    --compile-bytecode /tmp/requirements-pipeline.txt \
 && for library in networkx numpy pandas pyarrow scipy sklearn; do \
    find /opt/lastro/lib/python3*/site-packages/$library -type d -name tests -prune -exec rm -r {} +; done \
 && rm -r /opt/lastro/lib/python3*/site-packages/pyarrow/include

# Airflow's own versions, beside those of the pipeline that its tasks run
FROM base AS airflow-environment
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \
    --mount=type=bind,source=deploy/airflow/requirements.txt,target=/tmp/requirements-airflow.txt \
    --mount=type=cache,target=/tmp/.cache/uv \
    python -m venv /tmp/installer \
 && sed -n '/^uv==/,/[^\\]$/p' /tmp/requirements.txt >/tmp/uv.txt \
 && /tmp/installer/bin/pip install --quiet --no-cache-dir --require-hashes --no-deps -r /tmp/uv.txt \
 && python -m venv --without-pip /opt/airflow \
 && VIRTUAL_ENV=/opt/airflow UV_LINK_MODE=copy /tmp/installer/bin/uv pip sync --quiet --require-hashes \
    --compile-bytecode /tmp/requirements-airflow.txt

FROM base AS lake-environment
RUN --mount=type=bind,source=requirements-lake.txt,target=/tmp/requirements.txt \
    --mount=type=cache,target=/tmp/.cache/pip \
    python -m venv --without-pip /opt/lastro \
 && pip --python /opt/lastro/bin/python install --quiet --no-compile --require-hashes --no-deps \
    -r /tmp/requirements.txt \
 && find /opt/lastro -type d \( -name tests -o -path '*/pyarrow/include' \) -prune -exec rm -r {} +

# --- the kernel that sums trees: its compiler stays here
FROM base AS kernel
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY ops/__init__.py ops/errors.py ops/kernel.py ops/
COPY src/__init__.py src/
COPY src/serving/__init__.py src/serving/kernel.c src/serving/kernel.py src/serving/
RUN python -m ops.kernel

# --- which commit the code is: the argument, or what Git says of the context
FROM base AS commit
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/*
COPY . .
ARG GIT_COMMIT
RUN echo "${GIT_COMMIT:-$(git describe --always --abbrev=40 --match= --dirty || :)}" >/commit

# --- a model as it answers
FROM base AS scoring
COPY src/__init__.py src/errors.py src/files.py src/git.py src/params.py src/
COPY src/contract/__init__.py src/contract/costs.py src/contract/dialect.py src/contract/fields.py \
     src/contract/package.py src/contract/rules.py src/contract/schema.py src/contract/spelling.py \
     src/contract/traps.py src/contract/
COPY src/model/__init__.py src/model/artifact.py src/model/card.py src/model/points.py src/model/
COPY src/serving src/serving
COPY --from=kernel /srv/lastro/src/serving/kernel-*.so src/serving/
RUN python -c "from src.serving.kernel import load; load() or exit('the kernel cannot be loaded')"

# --- the API
FROM scoring AS api
COPY src/journal/__init__.py src/journal/archive_tables.py src/journal/batch_ids.py src/journal/batch_runs.py \
     src/journal/batch_tables.py src/journal/clock.py src/journal/database.py src/journal/group_commit.py \
     src/journal/identifiers.py \
     src/journal/journal.py src/journal/monitored.py src/journal/monitoring_tables.py src/journal/outbox.py \
     src/journal/outcome_tables.py src/journal/outcomes.py src/journal/service.py src/journal/settings.py \
     src/journal/shadows.py src/journal/tables.py src/journal/training_data.py src/journal/writer.py src/journal/
COPY src/journal/migrations src/journal/migrations
COPY src/feature_store/__init__.py src/feature_store/online.py src/feature_store/settings.py \
     src/feature_store/table.py src/feature_store/
COPY src/api src/api
COPY ops/__init__.py ops/enter.py ops/errors.py ops/
ENV LASTRO_STATE=/var/lib/lastro
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["python", "-m", "ops.enter"]
CMD ["uvicorn", "--factory", "src.api.main:create_app", "--http", "src.api.protocol:Connection", \
     "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--no-proxy-headers"]

FROM scoring AS delivering
COPY --from=fetch-environment /opt/lastro /opt/lastro
COPY src/lineage/__init__.py src/lineage/chain.py src/lineage/delivery.py src/lineage/events.py \
    src/lineage/folder.py src/lineage/follow.py src/lineage/lock.py \
    src/lineage/s3_errors.py src/lineage/settings.py src/lineage/storage.py src/lineage/

# --- the model: DVC's objects, fetched by dvc.lock's hashes. A secret is no part of the cache's key: the hash is.
FROM delivering AS model
COPY dvc.lock release/
COPY models/*.json release/models/
ARG S3_ENDPOINT=http://localhost:9000
ARG S3_REMOTE=s3://lastro/dvc
ARG S3_REGION=us-east-1
ARG MODEL_SHA256
RUN --mount=type=secret,id=aws,required=true,target=/run/secrets/aws \
    AWS_SHARED_CREDENTIALS_FILE=/run/secrets/aws python -m src.lineage.delivery --release release \
    --remote "$S3_REMOTE" --endpoint "$S3_ENDPOINT" --region "$S3_REGION" --to models \
    --sha256 "${MODEL_SHA256:?the sha256 in models/model.json}"

# --- targets
FROM delivering AS delivery
ENV LASTRO_SERVING=/serving \
    AWS_SHARED_CREDENTIALS_FILE=/run/secrets/credentials
RUN install --directory --owner lastro --group lastro --mode 755 /serving \
 && python -c "import src.lineage.delivery, boto3, numpy"
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s CMD ["test", "-f", "/serving/serving.json"]
CMD ["python", "-m", "src.lineage.delivery", "--follow", "--remote", "s3://lastro/dvc"]
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's delivery of published models" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001

FROM api AS serving-follow
COPY --from=serving-environment /opt/lastro /opt/lastro
RUN install --directory --owner lastro --group lastro --mode 755 /serving \
 && python -c "import src.api.main, alembic.script, numpy, psycopg, urllib.request"
ENV LASTRO_SERVING=/serving
COPY --from=commit /commit ./
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's scoring API, which serves what is delivered" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001

FROM base AS page
COPY --from=page-environment /opt/lastro /opt/lastro
COPY src/__init__.py src/
COPY src/frontend src/frontend
COPY .streamlit .streamlit
COPY ops/__init__.py ops/enter.py ops/errors.py ops/
RUN python -c "import streamlit.web.bootstrap, altair, babel.numbers, httpx, pandas, pyarrow, urllib.request"
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "ops.enter"]
CMD ["python", "-m", "streamlit", "run", "src/frontend/app.py", \
     "--server.address", "0.0.0.0", "--server.port", "8501", "--server.headless", "true"]
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's page" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001

FROM scoring AS batch
COPY --from=batch-environment /opt/lastro /opt/lastro
COPY src/command_line.py src/
COPY src/contract/cells.py src/contract/cutting.py src/contract/distinct.py src/contract/header.py \
     src/contract/labelled.py src/contract/layout.py src/contract/origin.py src/contract/parts.py \
     src/contract/quotes.py src/contract/source.py src/contract/text.py src/contract/
COPY src/model/additive.py src/model/cells.py src/model/development.py src/model/features.py src/model/formulas.py \
     src/model/kinds.py src/model/
COPY src/model/r/__init__.py src/model/r/candidate.py src/model/r/classifier.py src/model/r/session.py \
     src/model/r/table.py src/model/r/
COPY src/journal/__init__.py src/journal/batch_ids.py src/journal/batch_runs.py src/journal/batch_tables.py \
     src/journal/clock.py src/journal/database.py src/journal/group_commit.py src/journal/identifiers.py \
     src/journal/service.py src/journal/settings.py src/journal/tables.py src/journal/writer.py src/journal/
COPY src/journal/migrations src/journal/migrations
COPY src/lineage/__init__.py src/lineage/chain.py src/lineage/events.py src/lineage/folder.py src/lineage/follow.py \
     src/lineage/lock.py src/lineage/s3_errors.py src/lineage/settings.py src/lineage/storage.py src/lineage/
COPY src/batch/__init__.py src/batch/__main__.py src/batch/checking.py src/batch/cluster.py src/batch/code.py \
     src/batch/command.py src/batch/counting.py src/batch/engine.py src/batch/fields.py src/batch/formulas.py \
     src/batch/ids.py src/batch/lookup.py src/batch/manifest.py src/batch/models.py src/batch/objects.py src/batch/output.py \
     src/batch/parcel.py src/batch/parts.py src/batch/places.py src/batch/planning.py src/batch/recording.py \
     src/batch/resuming.py src/batch/run.py src/batch/scoring.py src/batch/settings.py src/batch/steps.py src/batch/sums.py \
     src/batch/
COPY ops/__init__.py ops/enter.py ops/errors.py ops/
COPY .dvc/config .dvc/config
COPY params.yaml ./
COPY data/external data/external
RUN python -m src.batch --help >/dev/null && python -c "import alembic.script, distributed, psycopg"
ENV LASTRO_STATE=/var/lib/lastro \
    AWS_SHARED_CREDENTIALS_FILE=/run/secrets/credentials
COPY --from=commit /commit ./
ENTRYPOINT ["python", "-m", "ops.enter"]
CMD ["python", "-m", "src.batch", "--help"]
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's scoring of files" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001

FROM base AS pipeline
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner lastro --group lastro --mode 700 /work /release
COPY --from=pipeline-environment /opt/lastro /opt/lastro
COPY . .
COPY --from=commit /commit ./
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's pipeline and MLflow" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001
CMD ["python", "-m", "ops.pipeline"]

FROM pipeline AS airflow
COPY --from=airflow-environment /opt/airflow /opt/airflow
ENV VENV=/opt/lastro \
    VENV_AIRFLOW=/opt/airflow
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=10s --start-period=600s --start-interval=3s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/api/v2/monitor/health', timeout=8)"]
ENTRYPOINT ["python", "-m", "ops.enter"]
CMD ["python", "-m", "ops.airflow", "container"]
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's schedule in Airflow, standalone" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001

# the store is where the environment says: what .dvc/config names is this machine's
FROM base AS lake
COPY --from=lake-environment /opt/lastro /opt/lastro
COPY src src
COPY ops/__init__.py ops/enter.py ops/errors.py ops/
COPY params.yaml dvc.yaml dvc.lock ./
COPY data/external data/external
COPY .dvc/config .dvc/config
RUN sed -i '/endpointurl/d' .dvc/config \
 && python -c "import src.lake.sync, src.lake.query, src.lake.openlineage, src.lineage.storage, dvc_s3"
ENV LASTRO_STATE=/var/lib/lastro
ENTRYPOINT ["python", "-m", "ops.enter"]
CMD ["python", "-m", "src.lake", "sync"]
ARG GIT_COMMIT
LABEL org.opencontainers.image.title="Lastro's lake: tables that others can query" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT"
USER 10001:10001

FROM api AS serving
COPY --from=serving-environment /opt/lastro /opt/lastro
RUN python -c "import src.api.main, alembic.script, numpy, psycopg, urllib.request"
COPY --from=model /srv/lastro/models models
ENV LASTRO_MODELS=/srv/lastro/models
COPY --from=commit /commit ./
ARG GIT_COMMIT
ARG MODEL_SHA256
LABEL org.opencontainers.image.title="Lastro's scoring API with its model" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$GIT_COMMIT" \
      lastro.model.sha256="$MODEL_SHA256"
USER 10001:10001
