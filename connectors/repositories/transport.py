"""Git over https and ssh through the egress guard: the address that was judged is the one that is called."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import httpcore
import paramiko
from dulwich.client import AbstractHttpGitClient, GitClient, LocalGitClient, SSHGitClient, SSHVendor

from connectors.repositories.addresses import Address
from connectors.repositories.errors import RepositoryError
from connectors.runtime.connecting import Clock, PinnedBackend
from connectors.runtime.egress import USER_AGENT, Egress
from connectors.runtime.errors import CallFailed, EgressRefused

_T = TypeVar("_T")
_KEY_KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class Route:
    """How to reach one repository. `secrets`: `user`, `token` (https) or `private_key` (ssh), `host_key`.

    After a connection over ssh, `host_key` is the fingerprint the server showed.
    """

    def __init__(
        self,
        address: Address,
        egress: Egress,
        secrets: Mapping[str, str],
        *,
        seconds: float,
        local_files: bool = False,
    ) -> None:
        self.address = address
        self.egress = egress
        self.secrets = secrets
        self.clock = Clock(seconds)
        self.host_key = secrets.get("host_key", "")
        self._local_files = local_files

    def client(self) -> tuple[GitClient, str]:
        """A client and the path to ask it for. Raises `RepositoryError` when the address may not be
        called."""
        if self.address.scheme == "file":
            if not self._local_files:
                raise RepositoryError("local-files")
            return LocalGitClient(), str(Path(self.address.path))
        # An ssh server is judged by its name and addresses exactly like a web server.
        port = self.address.port if self.address.scheme == "https" else 443
        self._judge(lambda: self.egress.check(f"https://{self.address.host}:{port}/"))
        if self.address.scheme == "https":
            return _GuardedHttp(self), self.address.path
        return (
            SSHGitClient(self.address.host, self.address.port, self.address.user, vendor=_GuardedSsh(self)),
            self.address.path,
        )

    def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """Where to connect: addresses that were all judged. Raises `RepositoryError`."""
        return self._judge(lambda: self.egress.addresses(host, port, self.clock))

    def _judge(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except EgressRefused:
            raise RepositoryError("not-called", host=self.address.host) from None
        except CallFailed:
            raise RepositoryError("name-unknown", host=self.address.host) from None


class _GuardedHttp(AbstractHttpGitClient):
    """Smart HTTP alone: a server that speaks the dumb protocol is refused by its content type."""

    def __init__(self, route: Route) -> None:
        self._route = route
        is_local = route.address.host in route.egress.local_hosts
        port = "" if route.address.port == 443 else f":{route.address.port}"
        self._scheme = "http" if is_local else "https"
        super().__init__(f"{self._scheme}://{route.address.host}{port}", dumb=False)
        backend = PinnedBackend(route.addresses, route.clock)
        self._pool = httpcore.ConnectionPool(
            ssl_context=route.egress.tls(), network_backend=backend, max_connections=1, http2=False
        )

    def _get_url(self, path: str | bytes) -> str:
        text = path.decode() if isinstance(path, bytes) else path
        return self._base_url.rstrip("/") + "/" + text.strip("/") + "/"

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[Any, Callable[[int], bytes]]:
        sent = {"User-Agent": f"git/2 ({USER_AGENT})", "Accept-Encoding": "identity", **(headers or {})}
        sent.pop("Content-Length", None)
        sent |= self._credentials()
        body = data if data is None or isinstance(data, bytes) else b"".join(data)
        if body is not None:
            sent["Content-Length"] = str(len(body))
        request = httpcore.Request(
            "GET" if body is None else "POST",
            url,
            headers=[("Host", httpcore.URL(url).host.decode()), *sent.items()],
            content=body,
            extensions={"timeout": self._route.clock.timeouts()},
        )
        answer = self._pool.handle_request(request)
        if raise_for_status:
            _judge_status(answer.status)
        return _Answer(answer), _Reader(answer.iter_stream()).read

    def _credentials(self) -> dict[str, str]:
        token = self._route.secrets.get("token", "")
        if not token:
            return {}
        user = self._route.secrets.get("user") or "x-access-token"
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


def _judge_status(status: int) -> None:
    if status in {401, 403}:
        raise RepositoryError("credentials")
    if status == 404:
        raise RepositoryError("no-repository")
    if 300 <= status < 400:
        raise RepositoryError("moved")
    if status != 200:
        raise RepositoryError("status", status=status)


class _Answer:
    """What dulwich wants to know of an answer."""

    redirect_location = ""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers = {
            key.decode("latin-1").lower(): value.decode("latin-1") for key, value in answer.headers
        }
        self.content_type = self.headers.get("content-type", "text/plain")

    def close(self) -> None:
        self._answer.close()


class _Reader:
    """Exactly so many bytes as were asked for, until the end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._held += chunk
        taken = bytes(self._held if size < 0 else self._held[:size])
        del self._held[: len(taken)]
        return taken


class _GuardedSsh(SSHVendor):
    """Runs one command on a server whose key is known, or becomes known now."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def run_command(self, host: str, command: bytes, **more: Any) -> _Channel:  # type: ignore[override]
        route = self._route
        transport = paramiko.Transport(self._connect(host, more.get("port") or 22))
        transport.banner_timeout = transport.auth_timeout = min(15.0, route.clock.left())
        try:
            transport.start_client(timeout=min(15.0, route.clock.left()))
            route.host_key = _checked_key(transport.get_remote_server_key(), route.host_key)
            transport.auth_publickey(
                more.get("username") or "git", _key(route.secrets.get("private_key", ""))
            )
            channel = transport.open_session(timeout=route.clock.left())
            channel.settimeout(route.clock.left())
            channel.exec_command(command)
        except paramiko.AuthenticationException:
            transport.close()
            raise RepositoryError("key-refused") from None
        except paramiko.SSHException:
            transport.close()
            raise RepositoryError("no-connection", host=host) from None
        return _Channel(transport, channel)

    def _connect(self, host: str, port: int) -> socket.socket:
        for place in self._route.addresses(host, port):
            try:
                return socket.create_connection(place, timeout=min(15.0, self._route.clock.left()))
            except OSError:
                continue
        raise RepositoryError("no-connection", host=host)


def _checked_key(key: paramiko.PKey, known: str) -> str:
    seen = "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    if known and known != seen:
        raise RepositoryError("host-key", key=seen)
    return seen


def _key(text: str) -> paramiko.PKey:
    for kind in _KEY_KINDS:
        try:
            return kind.from_private_key(StringIO(text))
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise RepositoryError("key-unreadable")


class _Channel:
    """The command's streams, as dulwich reads them."""

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        self._transport = transport
        self._channel = channel

    @property
    def stderr(self) -> Any:
        return self._channel.makefile_stderr("rb")

    def can_read(self) -> bool:
        return bool(self._channel.recv_ready())

    def read(self, size: int | None = None) -> bytes:
        taken = bytearray()
        while size is None or len(taken) < size:
            chunk = self._channel.recv(65536 if size is None else size - len(taken))
            if not chunk:
                break
            taken += chunk
        return bytes(taken)

    def write(self, data: bytes) -> int:
        self._channel.sendall(data)
        return len(data)

    def close(self) -> None:
        self._channel.close()
        self._transport.close()
