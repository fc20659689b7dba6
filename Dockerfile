# sandlane for CI jobs, and beside Argo CD's repo server as a config management plugin (docs/guides/argocd.md).
# A release builds it on the digest that BASE names then: --build-arg BASE=python:3.13-slim@sha256:...
ARG BASE=python:3.13-slim

# hadolint ignore=DL3006
FROM ${BASE} AS build
WORKDIR /src
COPY . .
RUN python -m pip wheel --no-cache-dir --constraint constraints.txt --wheel-dir /wheels .

# hadolint ignore=DL3006
FROM ${BASE}
# git is what the scripts of ci/ and the merge driver call.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git ca-certificates \
 && rm -rf /var/lib/apt/lists/*
# The wheels are those of the stage before, with the versions of constraints.txt.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-index --find-links /wheels sandlane
COPY ci /opt/sandlane/ci
# Argo CD runs its plugins as this user.
USER 999
WORKDIR /work
CMD ["sandlane", "--help"]
