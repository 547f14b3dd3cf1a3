"""`manage.py up`: the whole portal on one machine, for a trial and for development."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from portal.embedded.places import describe_run
from portal.embedded.ports import RememberedPorts
from portal.embedded.supervisor import Program, Supervisor

DEFAULT_SITE_URL = "http://localhost:8000"
READY_SECONDS = 120.0
WORKERS = {
    "validation": ("validation",),
    "worker": ("regions", "mail", "default"),
}


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
        var.mkdir(parents=True, exist_ok=True)
        self._migrate()

        host: str = options["host"]
        ports = RememberedPorts(var / "ports.json")
        port = ports.choose("web", options["port"], host)
        if port != options["port"]:
            self.stdout.write(f"Port {options['port']} is taken; using {port}.")
        regions_port = ports.choose("regions", 8100)
        environment = _environment(var, host, port, regions_port)
        programs = _programs(var, host, port, regions_port)

        supervisor = Supervisor(environment, settings.BASE_DIR, names=[program.name for program in programs])
        for program in programs:
            if not program.once:
                supervisor.start(program)
        site = environment["SITE_URL"]
        describe_run(var, f"process {os.getpid()}, {site}/")
        threading.Thread(target=_announce, args=(supervisor, site, host, port, programs), daemon=True).start()
        supervisor.run()

    def _migrate(self) -> None:
        """Bring the schema up to date; quick when it is."""
        try:
            executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except OperationalError as error:
            raise CommandError(f"The database at DATABASE_URL does not answer: {error}") from error
        if pending:
            self.stdout.write(f"Applying {len(pending)} migrations")
            # A migration may rewrite a table; the limits of a web request are not its limits.
            call_command("migrate", interactive=False, verbosity=0)
        # Children get connections of their own; an open one here would only take up a slot.
        connections.close_all()


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def _environment(var: Path, host: str, port: int, regions_port: int) -> dict[str, str]:
    """What the programs see. Anything the caller has set stays as it is."""
    environment = {
        "MEDIA_ROOT": str(var / "media"),
        "EMAIL_URL": f"filemail://{quote(str(var / 'mail'))}",
        "TRIAL_REGIONS_URL": f"http://127.0.0.1:{regions_port}",
        **os.environ,
    }
    if environment.get("SITE_URL", DEFAULT_SITE_URL) == DEFAULT_SITE_URL:
        environment["SITE_URL"] = f"http://localhost:{port}"
    if host not in {"127.0.0.1", "0.0.0.0", "::"}:  # noqa: S104 (a comparison, nothing is bound)
        environment["ALLOWED_HOSTS"] = ",".join(filter(None, (environment.get("ALLOWED_HOSTS"), host)))
    return environment


def _programs(var: Path, host: str, port: int, regions_port: int) -> list[Program]:
    """The programs of one machine with two cores."""
    python = sys.executable
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    serve = f"--bind {bind} --workers 2 --worker-class gthread --threads 4 --no-control-socket"
    quiet = ("--log-level", "warning")
    programs = [Program("web", (python, "-m", "gunicorn", "portal.wsgi:application", *serve.split(), *quiet))]
    commands = get_commands()
    if "region" in commands:
        place = ("--host", "127.0.0.1", "--port", str(regions_port), "--data-dir", str(var / "regions"))
        programs.append(Program("regions", (python, "manage.py", "region", *place)))
    celery = (python, "-m", "celery", "-A", "portal.celery")
    for name, queues in WORKERS.items():
        flags = f"-n {name}@%h -Q {','.join(queues)} -P prefork -c 2 --without-gossip --without-mingle"
        programs.append(Program(name, (*celery, "worker", *flags.split(), "--loglevel", "INFO")))
    schedule = ("--schedule", str(var / "celerybeat-schedule"), "--pidfile=")
    programs.append(Program("beat", (*celery, "beat", *schedule, "--loglevel", "WARNING")))
    if "seed_demo" in commands:
        programs.append(Program("demo", (python, "manage.py", "seed_demo", "--if-empty"), once=True))
    return programs


def _announce(supervisor: Supervisor, site: str, host: str, port: int, programs: list[Program]) -> None:
    """Say where the portal is once it answers, then fill the demo world, which says who can sign in."""
    answering = f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}/livez"  # noqa: S104
    waited = 0.0
    pause = threading.Event()
    while not _answers(answering):
        pause.wait(0.25)
        waited += 0.25
        if supervisor.is_stopping:
            return
        if waited > READY_SECONDS:
            supervisor.say("The web server does not answer yet; look above for the reason.")
            break
    else:
        supervisor.say(f"The portal is ready: {site}/   (stop with Ctrl-C)")
    for program in programs:
        if program.once:
            supervisor.start(program)


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own http address)
        return bool(answer.status == 200)
    return False
