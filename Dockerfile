# One image for every part. It holds the wheels that `make wheel` built, and the locked libraries; nothing is resolved here.
# Build it with `make image`; pin BASE by its digest where images are promoted: BASE=python:3.11-slim-bookworm@sha256:…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/tipoff
COPY requirements-image.lock ./
RUN /opt/tipoff/bin/pip install --no-deps --require-hashes -r requirements-image.lock
COPY dist/tipoff-*.whl dist/tipoff_audit-*.whl ./
RUN /opt/tipoff/bin/pip install --no-deps --no-index tipoff-*.whl tipoff_audit-*.whl \
    && test -s /opt/tipoff/lib/python3.11/site-packages/tipoff/COMMIT \
    && /opt/tipoff/bin/pip uninstall --yes pip

FROM ${BASE}
# LightGBM's wheel wants the system's OpenMP runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tipoff \
    && install --directory --owner=10001 --group=10001 /data
COPY --from=build /opt/tipoff /opt/tipoff
ENV PATH=/opt/tipoff/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TIPOFF_HOME=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Only /data and /tmp are written to: the root may be read-only.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["tipoff"]
CMD ["up", "nba"]
