"""The command as a process of its own against a running portal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from portal.accounts.models import User
from portal.accounts.tokens import create_token
from tests.architecture.source import ROOT

ALL = ("read", "connectors:write", "submissions:write", "reviews:write", "rollouts:write")


@dataclass
class Ended:
    code: int
    out: str
    said: str

    @property
    def document(self) -> Any:
        """Standard output is one JSON document and nothing else."""
        return json.loads(self.out)


@dataclass
class Certport:
    """`certport` of one person, in a home and a working folder of its own."""

    folder: Path
    url: str

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.folder), "CERTPORT_HOME": str(self.folder / "home"), "COLUMNS": "160"}
        return {**kept, **home, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more}

    @contextmanager
    def started(
        self, *arguments: str, patience: float = 60, **more: str
    ) -> Generator[subprocess.Popen[str], None, None]:
        """The running command. It ends with the block, whatever goes wrong there, and after `patience` seconds."""
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.certport", *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        timer = threading.Timer(patience, process.kill)
        timer.start()
        with process:
            try:
                yield process
            finally:
                timer.cancel()
                process.kill()

    def __call__(self, *arguments: str, given: str = "", patience: float = 60, **more: str) -> Ended:
        with self.started(*arguments, patience=patience, **more) as process:
            out, said = process.communicate(given, timeout=patience)
        assert "Traceback" not in said, said
        return Ended(process.returncode, out, said)

    def enter(self, user: User, *scopes: str) -> str:
        """A sign-in as `certport login` leaves it behind; the token's text."""
        token, text = create_token(
            owner=user,
            name="certport on a test",
            scopes=scopes or ALL,
            lifetime=timedelta(days=7),
            publisher_id=None,
            actor=user,
        )
        sign_in = {"token": text.reveal(), "email": user.email, "expires_at": token.expires_at.isoformat()}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        content = {"last": self.url, "portals": {self.url: sign_in}}
        (home / "credentials.json").write_text(json.dumps(content))
        return text.reveal()


@pytest.fixture
def certport(tmp_path: Path, live_server: Any) -> Certport:
    cache.clear()
    return Certport(tmp_path, live_server.url)
