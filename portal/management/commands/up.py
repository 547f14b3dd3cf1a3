"""`manage.py up`: the whole portal on one machine, for a trial and for development."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from certification.services.receipts import public_key_pem
from portal.demo import services as demo_services
from portal.demo.presence import is_there
from portal.embedded.places import describe_run
from portal.embedded.ports import RememberedPorts, reserve
from portal.embedded.secret_files import kept_secret
from portal.embedded.supervisor import Program, Supervisor

DEFAULT_SITE_URL = "http://localhost:8000"
READY_SECONDS = 30.0
ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 (for comparison, nothing is bound)
PYTHON = sys.executable
# Worker -> the queues it serves.
WORKERS = {"validation": "validation,webhooks", "worker": "regions,mail,default"}
PROGRAM_NAMES = ("web", *WORKERS, "beat", "regions", "services", "demo")
CALLS_PER_MINUTE_AND_REGION = 6


class Command(BaseCommand):
    help = (
        "Migrate the database, then run the web server, the workers, the scheduler and the reference regions "
        "until Ctrl-C. `make run` starts this with PostgreSQL and Valkey at hand."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--host", default=os.environ.get("HOST") or "127.0.0.1", help="address to listen on"
        )
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)
        var = Path(os.environ.get("PORTAL_VAR") or settings.BASE_DIR / "var")
        for directory in (var, var / "static"):
            directory.mkdir(parents=True, exist_ok=True)
        self._migrate()
        place = self._choose_place(var, options["host"], options["port"])
        describe_run(var, f"process {os.getpid()}, {place.site}/")
        supervisor = Supervisor(place.environment(), settings.BASE_DIR, names=PROGRAM_NAMES)
        web, *others = lasting_programs(place)
        supervisor.start(web)
        # The regions begin minutes after their port was chosen: a second portal would choose it too.
        regions_port = reserve(place.regions_port)
        known = (supervisor, place, others, regions_port)
        threading.Thread(target=_welcome, args=known, daemon=True).start()
        supervisor.run()

    def _choose_place(self, var: Path, host: str, wanted_port: int) -> Place:
        ports = RememberedPorts(var / "ports.json")
        port = ports.choose("web", wanted_port, host)
        if port != wanted_port:
            self.stdout.write(f"Port {wanted_port} is taken; using {port}.")
        return Place(
            var,
            host,
            port,
            regions_port=ports.choose("regions", 8100),
            services_port=ports.choose("services", 8200),
        )

    def _migrate(self) -> None:
        """Bring the schema up to date; quick when it is."""
        try:
            executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except OperationalError as error:
            raise CommandError(f"The database at DATABASE_URL does not answer: {error}") from error
        if pending:
            self.stdout.write(f"Applying {len(pending)} migrations")
            call_command("migrate", interactive=False, verbosity=0)
        _let_go_of_the_database()


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def _let_go_of_the_database() -> None:
    """This process only supervises; a connection kept open here would be one less for the programs."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool:
            close_pool()


@dataclass(frozen=True)
class Place:
    """Where this run keeps its files and listens."""

    var: Path
    host: str
    port: int
    regions_port: int
    services_port: int = 8200

    @property
    def site(self) -> str:
        """The address people use. Passkeys need a name, not a number, hence localhost."""
        given = os.environ.get("SITE_URL", DEFAULT_SITE_URL)
        return given if given != DEFAULT_SITE_URL else f"http://localhost:{self.port}"

    @property
    def near(self) -> str:
        """The web server as seen from this machine."""
        host = "127.0.0.1" if self.host in ANY_ADDRESS else self.host
        return f"http://{_in_url(host)}:{self.port}"

    @property
    def regions(self) -> str:
        """The reference regions; each has a path of its own below."""
        return f"http://127.0.0.1:{self.regions_port}"

    def environment(self) -> dict[str, str]:
        """What the programs see. Anything the caller has set stays as it is."""
        hosts = [os.environ.get("ALLOWED_HOSTS", "")]
        if self.host not in {*ANY_ADDRESS, "127.0.0.1"}:
            hosts.append(_in_url(self.host))
        return {
            "MEDIA_ROOT": str(self.var / "media"),
            "STATIC_ROOT": str(self.var / "static"),
            # Three slashes: the URL's path less its first character is the folder, and has to be absolute.
            "EMAIL_URL": f"filemail:///{quote(str(self.var / 'mail'))}",
            "REGION_TOKEN": kept_secret(self.var, "REGION_TOKEN"),
            "TRIAL_REGIONS_URL": self.regions,
            "EGRESS_LOCAL_HOSTS": ",".join(
                f"{name}=127.0.0.1:{self.services_port}" for name in demo_services.hosts()
            ),
            **os.environ,
            "SITE_URL": self.site,
            "ALLOWED_HOSTS": ",".join(filter(None, hosts)),
        }


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def lasting_programs(place: Place) -> list[Program]:
    """The programs that run from start to end, sized for a machine with two cores."""
    bind = f"{_in_url(place.host)}:{place.port}"
    serve = f"--bind {bind} --workers 2 --worker-class gthread --threads 4 --keep-alive 75"
    web = (PYTHON, "-m", "gunicorn", "portal.wsgi:application", *serve.split(), "--log-level", "warning")
    # Celery warns that it runs as root; whoever starts a trial as root knows.
    celery = (
        PYTHON,
        "-W",
        "ignore:You're running the worker",
        "-m",
        "celery",
        "-q",
        "--skip-checks",
        "-A",
        "portal.celery",
    )
    programs = [Program("web", web)]
    for name, queues in WORKERS.items():
        flags = f"-n {name}@%h -Q {queues} -P prefork -c 2 --without-gossip --without-mingle"
        programs.append(Program(name, (*celery, "worker", *flags.split(), "--loglevel", "WARNING")))
    schedule = ("--schedule", str(place.var / "celerybeat-schedule"), "--pidfile=")
    programs.append(Program("beat", (*celery, "beat", *schedule, "--loglevel", "WARNING")))
    return programs


def region_agent(place: Place, codes: Sequence[str]) -> Program:
    """One process that plays all the reference regions."""
    listen = ("--host", "127.0.0.1", "--port", str(place.regions_port), "--portal", place.near)
    data = (
        "--data-dir",
        str(place.var / "regions"),
        "--traffic",
        str(CALLS_PER_MINUTE_AND_REGION),
        "--gateway",
        *certificate_keys(place.var),
    )
    return Program(
        "regions", (PYTHON, "-m", "certification.regions.agent", "--regions", ",".join(codes), *listen, *data)
    )


def certificate_keys(var: Path) -> tuple[str, ...]:
    """The regions of a trial take certified packages only; what an earlier key signed counts too."""
    pem, path = public_key_pem(), var / "certificate-keys.pem"
    if pem is None:
        return ()
    known = path.read_text("ascii") if path.exists() else ""
    if pem.decode() not in known:
        path.write_text(known + pem.decode(), "ascii")
    return ("--certificate-keys", str(path))


def demo_backend(place: Place) -> Program:
    """One process that plays the services behind the demo connectors."""
    listen = ("--host", "127.0.0.1", "--port", str(place.services_port))
    return Program("services", (PYTHON, "-m", "portal.demo.backend", *listen))


def _welcome(
    supervisor: Supervisor, place: Place, others: Sequence[Program], regions_port: socket.socket
) -> None:
    """Say where the portal is once it answers, start the rest, fill the demo world, bring up its regions.

    The web server starts alone: on two cores its first answer comes seconds sooner that way.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(f"{place.near}/livez") and time.monotonic() < deadline:
        if supervisor.wait(0.25):
            return
    if time.monotonic() < deadline:
        supervisor.say(f"The portal is ready: {place.site}/   (stop with Ctrl-C)")
    else:
        supervisor.say("The web server does not answer yet; the reason is above.")
    for program in (*others, demo_backend(place)):
        supervisor.start(program)
    if not is_there():
        supervisor.say(
            "The demo world is being made, in about three minutes; the sign-in page shows when it is there."
        )
    demo = supervisor.start(Program("demo", (PYTHON, "manage.py", "seed_demo", "--if-empty"), once=True))
    # The demo world names its regions early and may wait for them, so they start while it is being made.
    codes = _region_codes(place)
    while not supervisor.wait(2):
        before, codes = codes, _region_codes(place)
        if codes and codes == before:
            regions_port.close()
            supervisor.start(region_agent(place, codes))
            break
        if not codes and not demo.is_alive():
            break
    _let_go_of_the_database()


def _region_codes(place: Place) -> list[str]:
    """Regions whose address is that of the reference agent of this run."""
    region = apps.get_model("connectors", "Region")
    found = region._default_manager.filter(is_active=True, base_url__startswith=place.regions)
    return list(found.order_by("code").values_list("code", flat=True))


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own http address)
        return bool(answer.status == 200)
    return False
