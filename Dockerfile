FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/kaigi
WORKDIR /src
# The locked packages are a layer of their own: a change of the code does not install them again.
COPY requirements.lock requirements-postgres.lock ./
RUN /opt/kaigi/bin/pip install --quiet --no-deps --require-hashes -r requirements.lock -r requirements-postgres.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY feeds feeds
COPY storage storage
RUN /opt/kaigi/bin/pip install --quiet --no-deps .

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin kaigi \
 && install -d -o kaigi -g kaigi /data
COPY --from=build /opt/kaigi /opt/kaigi
ENV PATH=/opt/kaigi/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SQLITE_TMPDIR=/data \
    KAIGI_DATABASE_URL=sqlite:////data/kaigi.db \
    KAIGI_WEB__HOST=0.0.0.0
USER kaigi
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Asks the service itself and needs nothing of it to be importable.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client, os; web = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('KAIGI_WEB__PORT', '8000')), timeout=4); web.request('GET', '/healthz'); raise SystemExit(web.getresponse().status != 200)"]
ENTRYPOINT ["kaigi"]
CMD ["run"]
