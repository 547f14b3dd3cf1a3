"""Repositories on this machine as teams have them, served by real servers: smart HTTP with a password, and ssh."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import paramiko
from dulwich.objects import Blob, Commit, Tree
from dulwich.protocol import ReceivableProtocol
from dulwich.repo import Repo
from dulwich.server import DictBackend, ReceivePackHandler, UploadPackHandler
from dulwich.web import make_wsgi_chain

HOST = "git.harbour.example"
USER, TOKEN = "portal", "quay-token-7731"
Files = Mapping[str, bytes]


@dataclass
class Origin:
    """A bare repository that grows by commits. A file of None is taken away; a tuple is (mode, content)."""

    folder: Path
    repo: Repo
    files: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    clock: int = 1_780_000_000

    @classmethod
    def at(cls, folder: Path) -> Origin:
        folder.mkdir(parents=True)
        return cls(folder, Repo.init_bare(str(folder)))

    def commit(
        self, changes: Mapping[str, Any], message: str = "Change", *, branch: str = "dev", ref: str = ""
    ) -> str:
        """Write the changes on top of the branch; returns the commit's id."""
        name = (ref or f"refs/heads/{branch}").encode()
        parent = self.repo.refs.read_loose_ref(name)
        for path, content in changes.items():
            if content is None:
                self.files.pop(path)
            else:
                self.files[path] = content if isinstance(content, tuple) else (0o100644, content)
        return self._write(name, [parent] if parent else [], message)

    def branch(self, name: str, start: str) -> None:
        self.repo.refs[name.encode()] = start.encode()

    def _write(self, name: bytes, parents: list[bytes], message: str) -> str:
        commit = Commit()
        commit.tree = self._tree(self.files)
        commit.parents = parents
        commit.author = commit.committer = b"Astrid Quay <astrid@harbour.example>"
        self.clock += 60
        commit.author_time = commit.commit_time = self.clock
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = message.encode()
        self.repo.object_store.add_object(commit)
        self.repo.refs[name] = commit.id
        return commit.id.decode()

    def _tree(self, files: Mapping[str, tuple[int, bytes]]) -> bytes:
        tree, below = Tree(), {}
        for path, (mode, content) in files.items():
            first, _slash, rest = path.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = (mode, content)
            elif mode == 0o160000:
                tree.add(first.encode(), mode, content)
            else:
                blob = Blob.from_string(content)
                self.repo.object_store.add_object(blob)
                tree.add(first.encode(), mode, blob.id)
        for folder, inside in below.items():
            tree.add(folder.encode(), 0o040000, self._tree(inside))
        self.repo.object_store.add_object(tree)
        return tree.id


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class _Web(WSGIServer):
    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def over_http(origins: Mapping[str, Origin], *, password: bool = True, port: int = 0) -> Iterator[int]:
    """The port of a smart HTTP server that holds `origins` by path and asks for a password."""
    git = make_wsgi_chain(DictBackend({path: origin.repo for path, origin in origins.items()}))
    expected = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()

    def guarded(environ: dict[str, Any], start: Any) -> Any:
        if password and environ.get("HTTP_AUTHORIZATION") != expected:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"')])
            return [b""]
        return git(environ, start)

    with make_server("127.0.0.1", port, guarded, _Web, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


@dataclass
class SshServer:
    port: int
    host_key: paramiko.PKey
    commands: list[bytes] = field(default_factory=list)


def private_key() -> tuple[paramiko.PKey, str]:
    key = paramiko.ECDSAKey.generate()
    text = StringIO()
    key.write_private_key(text)
    return key, text.getvalue()


@contextmanager
def over_ssh(origins: Mapping[str, Origin], allowed: paramiko.PKey) -> Iterator[SshServer]:
    """An ssh server that runs git-upload-pack and git-receive-pack for whoever has the key."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = SshServer(listening.getsockname()[1], paramiko.ECDSAKey.generate())
    backend = DictBackend({path: origin.repo for path, origin in origins.items()})

    class Door(paramiko.ServerInterface):
        def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
            fits = username == "git" and key.asbytes() == allowed.asbytes()
            return paramiko.AUTH_SUCCESSFUL if fits else paramiko.AUTH_FAILED

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return paramiko.OPEN_SUCCEEDED

        def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
            made.commands.append(command)
            threading.Thread(target=_run, args=(backend, channel, command), daemon=True).start()
            return True

    def serve() -> None:
        while True:
            try:
                connected, _place = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connected)
            transport.add_server_key(made.host_key)
            try:
                transport.start_server(server=Door())
            except paramiko.SSHException:
                transport.close()

    threading.Thread(target=serve, daemon=True).start()
    yield made
    listening.close()


def _run(backend: DictBackend, channel: paramiko.Channel, command: bytes) -> None:
    verb, _blank, path = command.decode().partition(" ")
    handler = UploadPackHandler if verb == "git-upload-pack" else ReceivePackHandler
    # `recv` gives what is there: a client that pushes does not close before it has read the answer.
    protocol = ReceivableProtocol(channel.recv, channel.sendall)
    # Whoever has what they came for may hang up first.
    with suppress(EOFError, OSError):
        handler(backend, [path.strip("'")], protocol).handle()
        channel.send_exit_status(0)
        channel.close()
