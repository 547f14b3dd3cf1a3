"""The whole portal as running processes, for journeys: web server, workers, scheduler, reference regions, mail in files.

Its database, its broker and its files are its own and are thrown away. Waits of rollouts are shortened by the trial clock.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_string
from email.message import EmailMessage
from email.policy import default as modern
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from portal.embedded.places import temporary_home
from portal.embedded.ports import free_port
from portal.embedded.processes import die_with_parent, service_user
from portal.embedded.valkey import ValkeyServer
from tests.journeys.geography import REGIONS
from tests.template_database import create_database

ROOT = Path(__file__).resolve().parents[2]
# A week of waiting passes in a third of a second.
CLOCK_SCALE = 2_000_000
JOURNEYS = 7
# Nobody is slower for waiting longer, and the machines that run this are busy.
PATIENCE_SECONDS = 400
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 2.5
# What the portal takes for a public host is a server of this machine.
GIT_HOST = "git.harbour.example"
REPLY_DOMAIN = "reply.portal.example"


def wait_until(condition: Callable[[], object], what: str, *, step_seconds: float = 0) -> None:
    """Ask again and again; without a step ever more rarely, since the asking takes time from those who are asked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = step_seconds or _FIRST_PAUSE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(pause)
        pause = step_seconds or min(pause * 1.3, _LONGEST_PAUSE_SECONDS)


def text_of(mail: EmailMessage) -> str:
    return "\n".join(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")


@cache
def _letters_in(path: Path, size: int) -> list[EmailMessage]:
    """Read once at each `size`: those who wait for a mail look again and again. One that is still being
    written has no line below it yet."""
    parts = path.read_text().split("-" * 79)[:-1]
    return [message_from_string(raw.strip(), policy=modern) for raw in parts if raw.strip()]  # type: ignore[misc]


@dataclass
class Stack:
    """Start with `start()`, end with `stop()`; both may be called from one thread only."""

    folder: Path
    log_level: str = "INFO"
    port: int = field(default_factory=free_port)
    regions_port: int = field(default_factory=free_port)
    git_port: int = field(default_factory=free_port)
    mail_port: int = field(default_factory=free_port)
    region_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    staff: dict[str, dict[str, str]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = f"journey_{secrets.token_hex(6)}"
        self.valkey = ValkeyServer(temporary_home(service_user()), throwaway=True)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def mail_folder(self) -> Path:
        return self.folder / "mail"

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "LANG", "TMPDIR", "TEST_EFFORT")
            if name in os.environ
        }
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "portal.settings.development",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.valkey.url(),
            "SECRET_KEY": "journeys-only-" + "j" * 50,
            "FIELD_ENCRYPTION_KEYS": "b2theSBnb2VzIGhlcmUsIDMyIGJ5dGVzIGxvbmcuLi4=",
            "SITE_URL": self.url,
            "TRIAL_CLOCK_SCALE": str(CLOCK_SCALE),
            # Nobody calls the connectors of a journey, so every gate would wait for a person.
            "TRIAL_GATE_PATIENCE_SECONDS": "1",
            # Their backends do not exist: smoke tests do not run rather than fail.
            "EGRESS_PUBLIC": "off",
            "EGRESS_LOCAL_HOSTS": f"{GIT_HOST}=127.0.0.1:{self.git_port}",
            # Users of a journey's connector get no time: it is announced and retires on one day.
            "NOTICE_DAYS": "0",
            "MEDIA_ROOT": str(self.media),
            "STATIC_ROOT": str(self.folder / "static"),
            "EMAIL_URL": f"filemail:///{self.mail_folder}",
            "REPLY_DOMAIN": REPLY_DOMAIN,
            "REPLY_DEEDS": "on",
            "RECEIVE_MAIL_PORT": str(self.mail_port),
            "REGION_TOKEN": self.region_token,
            "JOURNEY_REGIONS_URL": f"http://127.0.0.1:{self.regions_port}",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": self.log_level,
            "PYTHONUNBUFFERED": "1",
            "DB_POOL_SIZE": "4",
        }

    @property
    def database_url(self) -> str:
        parts = urlsplit(os.environ["DATABASE_URL"])
        return urlunsplit(parts._replace(path=f"/{self.database}"))

    def start(self, *, beat: bool = True, workers: int = 2) -> None:
        for path in (self.mail_folder, self.media, self.folder / "static"):
            path.mkdir(parents=True, exist_ok=True)
        is_migrated = create_database(self.database)
        self.valkey.start()
        if not is_migrated:
            self.run("manage.py", "migrate", "--verbosity", "0")
        self.staff = json.loads(self.run("-m", "tests.journeys.seed"))
        codes = ",".join(region.code for region in REGIONS)
        keys = self.folder / "certificate-keys.pem"
        keys.write_text(self.run("manage.py", "generate_key", "--public"))
        self.launch("regions", "-m", "certification.regions.agent", "--regions", codes, "--port", str(self.regions_port),
                    "--certificate-keys", str(keys),
                    "--data-dir", str(self.folder / "regions"), "--deploy-seconds", "0.05-0.2", "--faults",
                    "--portal", self.url)  # fmt: skip
        self.launch("web", "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{self.port}", "--workers", "2",
                    "--worker-class", "gthread", "--threads", "4", "--keep-alive", "75", "--log-level", "warning", "--no-control-socket")  # fmt: skip
        self.launch("receiver", "manage.py", "receive_mail")
        self.start_worker(workers)
        if beat:
            self.launch("beat", *self._celery("beat", "--schedule", str(self.folder / "beat"), "--pidfile="))
        wait_until(lambda: self._answers("/readyz"), "the portal answers")

    def _celery(self, *command: str) -> tuple[str, ...]:
        return (
            "-W",
            "ignore",
            "-m",
            "celery",
            "-q",
            "--skip-checks",
            "-A",
            "portal.celery",
            *command,
            "--loglevel",
            "WARNING",
        )

    def start_worker(self, processes: int = 2, name: str = "worker") -> None:
        flags = (
            "-n",
            f"{name}@%h",
            "-Q",
            "validation,regions,mail,default,webhooks",
            "-P",
            "prefork",
            "-c",
            str(processes),
        )
        self.launch(name, *self._celery("worker", *flags, "--without-gossip", "--without-mingle"))

    def launch(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one prctl, loaded before the fork
            )
        return self.processes[name]

    def run(self, *arguments: str, **extra: str) -> str:
        """Run a Python program of the project to its end; its standard output."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**self.environment, "LOG_LEVEL": "WARNING", **extra},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def kill(self, name: str) -> None:
        """kill -9 a program with everything it started."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def _answers(self, path: str) -> bool:
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended: {self.log(name)[-3000:]}"
        try:
            return httpx.get(f"{self.url}{path}", trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def logs(self) -> str:
        return "".join(self.log(path.stem) for path in sorted(self.folder.glob("*.log")))

    def letters(self, address: str = "") -> list[EmailMessage]:
        """Every mail so far as it was sent, oldest first; those to one address if given."""
        found = [(path, path.stat()) for path in self.mail_folder.iterdir()]
        found.sort(key=lambda each: each[1].st_mtime)
        letters = [mail for path, stat in found for mail in _letters_in(path, stat.st_size)]
        return [mail for mail in letters if not address or address in str(mail["To"])]

    def mails(self, address: str = "") -> list[str]:
        """The same as headers and decoded text."""
        return [
            f"Subject: {mail['Subject']}\nTo: {mail['To']}\n\n{text_of(mail)}"
            for mail in self.letters(address)
        ]

    def query(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        """Read the database at the end of a journey."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement, arguments).fetchall()

    def region(self, code: str, path: str, method: str = "GET", **more: object) -> httpx.Response:
        """Ask a region's own ledger, or tell it to misbehave."""
        headers = {"Authorization": f"Bearer {self.region_token}"}
        address = f"http://127.0.0.1:{self.regions_port}/{code}/{path}"
        return httpx.request(method, address, headers=headers, trust_env=False, timeout=10, **more)  # type: ignore[arg-type]

    def ledger(self, code: str, connector: str) -> list[dict[str, str]]:
        """What really happened in a region, told by the region."""
        rows = self.region(code, "ledger").json()["effective"]
        return [row for row in rows if row["connector"] == connector]

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.valkey.stop()
        shutil.rmtree(self.valkey.home.data, ignore_errors=True)
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.database))
            )
