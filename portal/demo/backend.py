"""`python -m portal.demo.backend --port 8200`: the services of the demo connectors behind one local port.

`PUT /_demo/<host>` with {"latency_ms": 900, "failures_percent": 50, "status": 500} makes one of them slow or
faulty, until it is set back; `GET /_demo` says how each is set. `POST /_hooks` takes what webhooks send.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.demo.services import HOOKS, DemoServices, Knobs, hosts

LONGEST_LATENCY_MS = 60_000


def application(services: DemoServices) -> Starlette:
    """The ASGI application; `services` keeps the data."""

    async def serve(request: Request) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        reply, delay = services.answer(
            request.method, request.headers.get("host", ""), target, request.headers, await request.body()
        )
        if delay:
            await asyncio.sleep(min(delay, LONGEST_LATENCY_MS) / 1000)
        headers = {"Content-Type": "application/json", **reply.headers}
        return Response(reply.content, reply.status, headers if reply.body is not None else reply.headers)

    async def take(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    async def knobs(request: Request) -> Response:
        return JSONResponse({name: asdict(each) for name, each in services.knobs.items()})

    async def turn(request: Request) -> Response:
        host = request.path_params["host"]
        asked = await request.json()
        known = asdict(Knobs())
        wrong = [name for name, value in asked.items() if name not in known or not isinstance(value, int)]
        if host not in hosts() or wrong:
            text = f"Name a demo service and whole numbers for {', '.join(known)}."
            return JSONResponse({"error": text}, 400)
        services.knobs[host] = Knobs(**asked)
        return JSONResponse(asdict(services.knobs[host]))

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
    return Starlette(
        routes=[
            Route("/_demo", knobs, methods=["GET"]),
            Route("/_demo/{host}", turn, methods=["PUT"]),
            Route(HOOKS, take, methods=["POST"]),
            Route("/{rest:path}", serve, methods=methods),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8200)
    asked = parser.parse_args()
    uvicorn.run(application(DemoServices()), host=asked.host, port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
