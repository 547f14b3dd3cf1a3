"""TCP ports on this machine."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `host:port` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a connection of an earlier run that lingers in TIME_WAIT does not make the port
        # taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port the kernel says is free at this moment."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def reserve(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket that keeps others from choosing the port until it is closed; nobody can connect to it.

    Where the port is taken already it keeps nothing.
    """
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # Without SO_REUSEADDR: two that have it may both bind as long as neither listens.
    with suppress(OSError):
        held.bind((host, port))
    return held


class RememberedPorts:
    """Ports chosen in an earlier run, so that addresses stay valid in bookmarks and in the database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ports: dict[str, int] = {}
        with suppress(OSError, ValueError):
            self._ports = {str(name): int(port) for name, port in json.loads(path.read_text()).items()}

    def choose(self, name: str, wanted: int, host: str = "127.0.0.1") -> int:
        """`wanted` if free, else the one used last time if free, else any free port."""
        candidates = (wanted, self._ports.get(name, 0))
        port = next((port for port in candidates if port and is_free(port, host)), None) or free_port(host)
        self._ports[name] = port
        self.path.write_text(json.dumps(self._ports))
        return port
