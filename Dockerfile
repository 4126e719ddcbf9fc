# One image for every part of Waybill; the command says which. docker-compose.yml runs it.
FROM python:3.13-slim-trixie AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/waybill
COPY requirements.lock /src/
RUN /opt/waybill/bin/pip install --no-deps --require-hashes --only-binary :all: -r /src/requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE /src/
COPY contract /src/contract
COPY storage /src/storage
COPY gateway /src/gateway
COPY firmware_bridge /src/firmware_bridge
COPY dashboard /src/dashboard
COPY waybill /src/waybill
RUN /opt/waybill/bin/pip install --no-deps --no-build-isolation /src

FROM python:3.13-slim-trixie
# pg_dump and pg_restore, for backups.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
# 1883 is the user of the broker's image: the first store of credentials must be its file.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/waybill waybill \
    && install -d -o waybill -g waybill -m 0755 /var/lib/waybill \
    && install -d -o 1883 -g 1883 -m 0700 /mosquitto/data
COPY --from=packages /opt/waybill /opt/waybill
ENV PATH=/opt/waybill/bin:$PATH PYTHONUNBUFFERED=1 WAYBILL_DATA_DIR=/var/lib/waybill
WORKDIR /var/lib/waybill
USER waybill
ENTRYPOINT ["waybill"]
CMD ["--help"]
# The part in this container gave a sign of life in the database. One without any brings a check of its own.
HEALTHCHECK --interval=30s --timeout=15s --start-period=30s --retries=3 CMD ["waybill", "alive"]
STOPSIGNAL SIGTERM
