"""Misbehaviour on request: what a region may do wrong, for rehearsals and fault tests.

A fault applies to the next N calls or with a seeded probability. "Acting" faults do what was asked and spoil
only the answer, which is the hard case for the portal; the others never reach the handler.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
from starlette.responses import Response, StreamingResponse

CALLS = ("deploy", "operation", "package", "certificate", "current", "health", "call", "invoke")
FAIL_DEPLOYS = "fail-deploys"


@dataclass(slots=True)
class Fault:
    """One misbehaviour. `on` names the calls it applies to; `seconds` and `status` matter to some kinds."""

    kind: str
    on: tuple[str, ...] = CALLS
    next_calls: int | None = None
    probability: float = 1.0
    seconds: float = 60.0
    status: int = 503
    retry_after: int | None = None
    seed: int = 0
    _chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    def strikes(self) -> bool:
        """Whether it hits this call; counts it when it does."""
        if self.next_calls is not None:
            if self.next_calls <= 0:
                return False
            self.next_calls -= 1
            return True
        return self._chance.random() < self.probability

    def as_json(self) -> dict[str, Any]:
        names = ("kind", "on", "next_calls", "probability", "seconds", "status", "retry_after", "seed")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Exchange:
    """One call in progress: `act` does what was asked, `abort` resets the connection without an answer."""

    act: Callable[[], Awaitable[Response]]
    abort: Callable[[], Awaitable[None]]
    authorization: str
    previous: bytes | None


Behaviour = Callable[[Fault, Exchange], Awaitable[Response | None]]


def _json_of(response: Response) -> dict[str, Any]:
    value = json.loads(bytes(response.body))
    return value if isinstance(value, dict) else {}


def _altered(response: Response, **changes: object) -> Response:
    value = _json_of(response)
    value.update({name: change for name, change in changes.items() if name in value})
    return Response(json.dumps(value), response.status_code, media_type=response.media_type)


async def _hang(fault: Fault, exchange: Exchange) -> None:
    await asyncio.sleep(fault.seconds)
    await exchange.abort()


async def _drop(fault: Fault, exchange: Exchange) -> None:
    await exchange.abort()


async def _error(fault: Fault, exchange: Exchange) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Response("The region is not well.", fault.status, headers, media_type="text/plain")


async def _unauthorized(fault: Fault, exchange: Exchange) -> Response:
    return Response("Who are you?", 401, {"WWW-Authenticate": "Bearer"}, media_type="text/plain")


async def _reflect(fault: Fault, exchange: Exchange) -> Response:
    return Response(f"Cannot work with {exchange.authorization}", 500, media_type="text/plain")


async def _lose_answer(fault: Fault, exchange: Exchange) -> None:
    await exchange.act()
    await exchange.abort()


async def _duplicate(fault: Fault, exchange: Exchange) -> Response:
    response = await exchange.act()
    if exchange.previous is None:
        return response
    return Response(exchange.previous, response.status_code, media_type=response.media_type)


async def _old_status(fault: Fault, exchange: Exchange) -> Response:
    return _altered(await exchange.act(), state="accepted", updated_at="2001-01-01T00:00:00+00:00")


async def _backwards(fault: Fault, exchange: Exchange) -> Response:
    response = await exchange.act()
    value = _json_of(response)
    if "state" in value:
        return _altered(response, state="running", message="")
    return _altered(response, deployment_number=max(1, int(value.get("deployment_number", 1)) - 1))


async def _wrong_digest(fault: Fault, exchange: Exchange) -> Response:
    return _altered(await exchange.act(), digest=hashlib.sha256(b"some other package").hexdigest())


async def _garbage(fault: Fault, exchange: Exchange) -> Response:
    response = await exchange.act()
    return Response(b'{"key": "\xff\xfe\x00', response.status_code, media_type="application/json")


async def _huge_body(fault: Fault, exchange: Exchange) -> Response:
    response = await exchange.act()
    padded = {**_json_of(response), "padding": "x" * 2_000_000}
    return Response(json.dumps(padded), response.status_code, media_type="application/json")


async def _slow_drip(fault: Fault, exchange: Exchange) -> Response:
    response = await exchange.act()

    async def drops() -> AsyncIterator[bytes]:
        for byte in bytes(response.body):
            yield bytes([byte])
            await asyncio.sleep(0.5)

    return StreamingResponse(drops(), response.status_code, media_type="application/json")


BEHAVIOURS: dict[str, Behaviour] = {
    "hang": _hang,
    "drop": _drop,
    "error": _error,
    "unauthorized": _unauthorized,
    "reflect-token": _reflect,
    "lose-answer": _lose_answer,
    "duplicate-answer": _duplicate,
    "old-status": _old_status,
    "backwards": _backwards,
    "wrong-digest": _wrong_digest,
    "garbage": _garbage,
    "huge-body": _huge_body,
    "slow-drip": _slow_drip,
}

_SCHEMA = jsonschema_rs.validator_for(
    {
        "type": "object",
        "required": ["faults"],
        "additionalProperties": False,
        "properties": {
            "faults": {
                "type": "array",
                "maxItems": 50,
                "items": {
                    "type": "object",
                    "required": ["kind"],
                    "additionalProperties": False,
                    "properties": {
                        "kind": {"enum": [*BEHAVIOURS, FAIL_DEPLOYS]},
                        "on": {"type": "array", "items": {"enum": list(CALLS)}, "minItems": 1},
                        "next_calls": {"type": ["integer", "null"], "minimum": 0},
                        "probability": {"type": "number", "minimum": 0, "maximum": 1},
                        "seconds": {"type": "number", "minimum": 0, "maximum": 3600},
                        "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "retry_after": {"type": ["integer", "null"], "minimum": 0, "maximum": 86400},
                        "seed": {"type": "integer"},
                    },
                },
            }
        },
    }
)


class FaultSet:
    """The misbehaviours one region currently has; empty means that it behaves."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._answers: dict[str, bytes] = {}

    def replace(self, document: object) -> None:
        """Set all faults from a control document. Raises ValueError naming the first mistake."""
        error = next(iter(_SCHEMA.iter_errors(document)), None)
        if error is not None:
            raise ValueError(f"{'/'.join(str(part) for part in error.instance_path)}: {error.message[:200]}")
        assert isinstance(document, dict)
        self._faults = [Fault(**{**one, "on": tuple(one.get("on", CALLS))}) for one in document["faults"]]

    def as_json(self) -> dict[str, Any]:
        return {"faults": [fault.as_json() for fault in self._faults]}

    def strike(self, call: str) -> Fault | None:
        for fault in self._faults:
            if fault.kind != FAIL_DEPLOYS and call in fault.on and fault.strikes():
                return fault
        return None

    def failure(self) -> str | None:
        """The reason why the deployment that is about to end fails, or None."""
        for fault in self._faults:
            if fault.kind == FAIL_DEPLOYS and fault.strikes():
                return "The connector did not start."
        return None

    async def answer(self, call: str, exchange: Exchange) -> Response | None:
        """Carry out one call, spoilt or not; None when the connection was dropped instead of answered."""
        exchange.previous = self._answers.get(call)
        fault = self.strike(call)
        if fault is not None:
            return await BEHAVIOURS[fault.kind](fault, exchange)
        response = await exchange.act()
        self._answers[call] = bytes(response.body)
        return response
