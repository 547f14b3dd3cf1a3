"""The command driver: a program on this machine reaches the region, and we speak JSON with it.

The request goes to standard input, the answer comes from standard output in the shapes of the region
protocol, and the exit status says how it went (`docs/regions.md` has the table). The program runs
without a shell, in a directory of its own, with an environment that holds nothing of ours but the region's
token.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from certification.regions.answers import (
    accepted_operation,
    check_operation,
    check_package,
    instant_of,
    operation_from,
)
from certification.regions.errors import (
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionError,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
    RegionUnreachable,
)
from certification.regions.protocol import (
    CurrentVersion,
    DeployCommand,
    Operation,
    RegionEndpoint,
    RegionHealth,
)
from certification.regions.redaction import redacted
from certification.regions.schemas import first_fault

MAX_ANSWER_BYTES = 256 * 1024
MAX_COMPLAINT_BYTES = 8 * 1024
DEFAULT_SECONDS = 10
DEFAULT_PAUSE_SECONDS = 30.0

# The exit statuses of sysexits.h that mean something here; every other one is an unknown outcome.
EXIT_REFUSED = 65
EXIT_UNAVAILABLE = 69
EXIT_BUSY = 75
EXIT_NOT_ALLOWED = 77


@dataclass(frozen=True, slots=True)
class _Ended:
    status: int
    answer: bytes
    complaint: str


class CommandDriver:
    """A `RegionDriver` whose regions are reached by running `settings["program"]`, an absolute path."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        """See `RegionDriver.deploy`. The package lies in a file that is gone when the program ends."""
        check_package(endpoint, command)
        request = {
            "idempotency_key": command.idempotency_key,
            "connector": command.connector,
            "deployment_number": command.deployment_number,
            "action": command.action.value,
            "version": command.version,
            "digest": command.digest,
        }
        payload = await self._ask(endpoint, "deploy", request, "Operation", package=command.package)
        return accepted_operation(endpoint, payload, command)

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        try:
            request = {"idempotency_key": idempotency_key}
            payload = await self._ask(endpoint, "operation", request, "Operation")
        except RegionRefused as refusal:
            if refusal.code == "unknown-operation":
                return None
            raise
        operation = operation_from(endpoint, payload)
        check_operation(endpoint, operation, idempotency_key, expected_digest)
        return operation

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        try:
            payload = await self._ask(endpoint, "current", {"connector": connector}, "CurrentVersion")
        except RegionRefused as refusal:
            if refusal.code == "not-deployed":
                return None
            raise
        if payload["connector"] != connector:
            raise RegionAnswerInvalid(endpoint.code, "answered about another connector.")
        return CurrentVersion(
            connector=connector,
            version=payload["version"],
            digest=payload["digest"],
            deployment_number=int(payload["deployment_number"]),
            deployed_at=instant_of(endpoint, payload["deployed_at"]),
        )

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth:
        payload = await self._ask(endpoint, "health", {}, "Health")
        return RegionHealth(
            ok=payload["ok"],
            version=redacted(payload["version"], *endpoint.hidden),
            load=float(payload["load"]),
            running_operations=int(payload["running_operations"]),
            deployed_connectors=int(payload["deployed_connectors"]),
            message=redacted(payload.get("message", ""), *endpoint.hidden),
        )

    async def _ask(
        self,
        endpoint: RegionEndpoint,
        name: str,
        request: Mapping[str, object],
        schema: str,
        *,
        package: bytes | None = None,
    ) -> dict[str, Any]:
        """One run of the program, judged; raises the error that fits how it ended."""
        with tempfile.TemporaryDirectory(prefix="region-", ignore_cleanup_errors=True) as directory:
            if package is not None:
                request = {**request, "package_path": await asyncio.to_thread(_lay_down, directory, package)}
            body = orjson.dumps({"protocol": 1, "request": name, "region": endpoint.code, **request})
            ended = await self._run(endpoint, name, body, directory)
        if ended.status != 0:
            raise _error_of(endpoint, ended)
        payload = _json_of(ended.answer)
        fault = "the answer is not a JSON object" if payload is None else first_fault(schema, payload)
        if payload is None or fault:
            raise RegionAnswerInvalid(endpoint.code, f"its program answered wrongly: {fault}.")
        return payload

    async def _run(self, endpoint: RegionEndpoint, name: str, body: bytes, directory: str) -> _Ended:
        seconds = _seconds(endpoint)
        argv = _argv(endpoint, name)
        try:
            async with (
                asyncio.timeout(seconds),
                _process(argv, _environment(endpoint, directory), directory) as it,
            ):
                answer, complaint, status = await _converse(endpoint, it, body)
        except TimeoutError:
            raise OutcomeUnknown(
                endpoint.code, f"its program did not end within {seconds:g} s and was killed."
            ) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RegionUnreachable(endpoint.code, f"its program cannot be started: {reason}.") from None
        return _Ended(status, answer, redacted(complaint.decode("utf-8", "replace"), *endpoint.hidden))


def _argv(endpoint: RegionEndpoint, name: str) -> list[str]:
    program, arguments = endpoint.settings.get("program"), endpoint.settings.get("arguments") or ()
    if not isinstance(program, str) or not Path(program).is_absolute():
        raise RegionUnreachable(endpoint.code, "has no program on this machine; see REGION_PROGRAMS.")
    if not isinstance(arguments, (list, tuple)):
        raise RegionUnreachable(endpoint.code, "has arguments that are not a list.")
    return [program, *map(str, arguments), name]


def _seconds(endpoint: RegionEndpoint) -> float:
    seconds = endpoint.settings.get("seconds", DEFAULT_SECONDS)
    return float(seconds) if isinstance(seconds, (int, float)) else float(DEFAULT_SECONDS)


def _environment(endpoint: RegionEndpoint, directory: str) -> dict[str, str]:
    token = {"REGION_TOKEN": endpoint.token.reveal()} if endpoint.token else {}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": directory,
        "TMPDIR": directory,
        "REGION_CODE": endpoint.code,
        **token,
    }


def _lay_down(directory: str, package: bytes) -> str:
    path = Path(directory) / "package.zip"
    path.write_bytes(package)
    path.chmod(0o400)
    return str(path)


@asynccontextmanager
async def _process(
    argv: list[str], environment: dict[str, str], directory: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program in a session of its own, which ends with everything it started."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        # A full pipe that nobody reads any more never tells its end, and wait() waits for every pipe's.
        for number in (0, 1, 2):
            if pipe := process._transport.get_pipe_transport(number):  # type: ignore[attr-defined]
                pipe.close()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined] # a grandchild may hold the pipes open
        for _ in range(3):  # the loop closes the pipes in its next turns
            await asyncio.sleep(0)


async def _converse(
    endpoint: RegionEndpoint, process: asyncio.subprocess.Process, body: bytes
) -> tuple[bytes, bytes, int]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    answer, complaint, _ = await asyncio.gather(
        _read(process.stdout, MAX_ANSWER_BYTES + 1, endpoint),
        _tail(process.stderr),
        _write(process.stdin, body),
    )
    return answer, complaint, await process.wait()


async def _write(stream: asyncio.StreamWriter, body: bytes) -> None:
    # A program that does not read its input may still answer rightly.
    with suppress(ConnectionError):
        stream.write(body)
        await stream.drain()
    stream.close()


async def _read(stream: asyncio.StreamReader, limit: int, endpoint: RegionEndpoint) -> bytes:
    body = bytearray()
    while chunk := await stream.read(65_536):
        body += chunk
        if len(body) >= limit:
            raise RegionAnswerInvalid(endpoint.code, f"its program wrote more than {limit // 1024} KB.")
    return bytes(body)


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """The end of what a program complains about, however much that is."""
    body = b""
    while chunk := await stream.read(65_536):
        body = (body + chunk)[-MAX_COMPLAINT_BYTES:]
    return body


def _json_of(text: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _error_of(endpoint: RegionEndpoint, ended: _Ended) -> RegionError:
    """What a program means that did not end with 0. Its last words are quoted, redacted and shortened."""
    code, said = endpoint.code, ended.complaint or "it said nothing"
    problem = _json_of(ended.answer) or {}
    if ended.status == EXIT_REFUSED:
        reason = str(problem.get("code", ""))
        if not reason or first_fault("Problem", {"title": "-", "status": 409, **problem}):
            return RegionAnswerInvalid(code, f"its program refuses without a problem code: {said}.")
        title = redacted(f"{problem.get('title', '')} {problem.get('detail', '')}", *endpoint.hidden)
        return RegionRefused(code, f"{title or said} ({reason})", code=reason, status=409)
    if ended.status == EXIT_BUSY:
        pause = problem.get("retry_after_seconds", DEFAULT_PAUSE_SECONDS)
        is_number = isinstance(pause, (int, float)) and not isinstance(pause, bool)
        seconds = min(max(float(pause), 1.0), 3600.0) if is_number else DEFAULT_PAUSE_SECONDS
        return RegionThrottled(code, f"is busy for {seconds:g} s: {said}.", retry_after_seconds=seconds)
    if ended.status == EXIT_NOT_ALLOWED:
        return RegionUnauthorized(code, f"its program was not let in: {said}.")
    if ended.status == EXIT_UNAVAILABLE:
        return RegionUnreachable(code, f"its program cannot reach the region: {said}.")
    how = f"status {ended.status}" if ended.status > 0 else f"signal {-ended.status}"
    return OutcomeUnknown(code, f"its program ended with {how}: {said}.")
