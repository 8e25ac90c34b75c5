# syntax=docker/dockerfile:1
# The same Python as the test suite runs on. For a release, pin it by digest: docs/releasing.md.
ARG PYTHON=3.11-slim-bookworm

# --- what is installed: exactly what was reviewed, from the hash-locked files ---------------------------------
FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/build.txt requirements/app.txt requirements/
# Two environments: what builds stays here, and what runs has no pip. No compiler either: each pinned package has
# a wheel for amd64 and for arm64.
RUN python -m venv tools \
 && tools/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt \
 && python -m venv --without-pip /opt/brainarr \
 && tools/bin/pip --python /opt/brainarr/bin/python install --require-hashes --only-binary :all: -r requirements/app.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
# Compiled here: where it runs, nobody may write it down.
RUN tools/bin/python -m hatchling build -t wheel -d dist \
 && tools/bin/pip --python /opt/brainarr/bin/python install --no-deps --no-index --compile dist/*.whl

# --- what runs ----------------------------------------------------------------------------------------------
FROM python:${PYTHON}
ARG VERSION=1.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Brainarr" \
      org.opencontainers.image.description="Self-hosted music discovery for Lidarr" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# tini: a program without a parent must reap and may not miss a signal while it loads. tzdata: TZ.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini tzdata \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/brainarr /opt/brainarr
COPY --chmod=0755 deploy/docker/entrypoint.sh /usr/local/bin/brainarr
COPY --chmod=0644 deploy/docker/healthcheck.py /usr/local/lib/brainarr/healthcheck.py
# A new volume takes its owner from here, so that `user: "1000:1000"` works without root.
RUN install -d -o 1000 -g 1000 -m 0700 /config
# What a command is told to write somewhere can be written there.
WORKDIR /config
ENV BRAINARR_CONFIG=/config \
    BRAINARR__SERVER__HOST=0.0.0.0 \
    BRAINARR__SERVER__PORT=8690 \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /config
EXPOSE 8690
# A start after an upgrade makes a backup first, which takes a while with a large library.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
    CMD ["/opt/brainarr/bin/python", "-I", "-S", "/usr/local/lib/brainarr/healthcheck.py"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/brainarr"]
CMD ["serve"]
