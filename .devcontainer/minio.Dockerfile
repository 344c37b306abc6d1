# MinIO, built from the source that ops/minio.py pins: its images left Docker Hub in September 2026.
# MINIO_IMAGE names an image to take the program /usr/bin/minio from instead, of a maintained fork for instance.
ARG MINIO_IMAGE=source

FROM golang:1.26-bookworm AS source
ARG MINIO_VERSION=20260212201848-7aac2a2c5b7c
ENV CGO_ENABLED=0 GOBIN=/usr/bin
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go install -trimpath -ldflags "-s -w -X github.com/minio/minio/cmd.ReleaseTag=$MINIO_VERSION" \
    "github.com/minio/minio@v0.0.0-$MINIO_VERSION"

FROM ${MINIO_IMAGE} AS program

FROM debian:bookworm-slim
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /data minio \
 && install --directory --owner minio --group minio --mode 700 /data
COPY --from=program /usr/bin/minio /usr/bin/minio
COPY --chmod=755 minio.sh /usr/bin/store
ENV MINIO_UPDATE=off MINIO_ADDRESS=:9000 MINIO_CONSOLE_ADDRESS=:9001
USER 1000:1000
EXPOSE 9000 9001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s CMD ["store", "health"]
ENTRYPOINT ["store"]
CMD ["serve"]
