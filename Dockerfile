# One image for the API, the worker and the migrations; which of them it is, the command says.
# Nothing is written at run time: it runs under a read-only root, as nobody in particular.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS packages
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv==0.13.9
COPY pyproject.toml requirements.lock /build/
RUN python -m venv --without-pip /packages \
 && uv pip install --no-cache --compile-bytecode --python /packages/bin/python \
      -r /build/pyproject.toml -c /build/requirements.lock

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin banking
COPY --from=packages /packages /packages
WORKDIR /service
COPY alembic.ini ./
COPY migrations migrations
COPY app app
COPY worker worker
RUN python -m compileall -q app worker migrations \
 && printf '#!/bin/sh\nexec python -m app.cli "$@"\n' > /packages/bin/banking \
 && chmod 755 /packages/bin/banking
ENV PATH=/packages/bin:$PATH PYTHONPATH=/service PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001

# Worker:     python -m worker
# Migrations: alembic upgrade head
# Operators:  banking doctor
# Proxies are believed by TRUSTED_PROXIES alone, so uvicorn must not rewrite who called.
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
  "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["uvicorn", "--factory", "app.main:create_app", "--host", "0.0.0.0", "--port", "8000", \
  "--no-proxy-headers", "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "10"]
