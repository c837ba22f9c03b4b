"""An ASGI service whose start needs PostgreSQL and one module, as the services have that `20-startup` is about.

uvicorn opens its port when the lifespan has started, and exits with 3 whatever kept it from that: only what is logged tells
one reason from another.
"""

import importlib
import json
import logging
import os

import asyncpg

LOG = logging.getLogger("uvicorn.error")


class Service:
    """What the lifespan starts, and the answers use."""

    def __init__(self):
        self.pool = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http":
            await self.answer(scope["path"], send)

    async def live(self, receive, send):
        """https://asgi.readthedocs.io/en/latest/specs/lifespan.html; what is raised here ends the start."""
        await receive()
        LOG.info("phase 1/3 init: begin")
        dsn = os.environ["DATABASE_URL"]
        if dsn != dsn.strip():
            raise ValueError("DATABASE_URL contained whitespace around it")
        LOG.info("phase 1/3 init: done")
        LOG.info("phase 2/3 dependencies: begin")
        importlib.import_module(os.environ.get("AGENTS", "json"))
        LOG.info("phase 2/3 dependencies: done")
        LOG.info("phase 3/3 database: begin")
        self.pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2, timeout=5)
        LOG.info("phase 3/3 database: done")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, path, send):
        if path == "/health/ready":
            one = await self.pool.fetchval("SELECT 1")
            status, body = 200, {"status": "ready", "one": one}
        else:
            status, body = 404, {"error": "no such endpoint"}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


app = Service()
