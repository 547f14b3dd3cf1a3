"""The Dockerfile and docker-compose.yml: hardened throughout, and in step with the settings they feed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import healthcheck
from portal.celery import app as celery_app
from portal.embedded.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if "build" in service}
EXAMPLE = (PROJECT / ".env.example").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_runs_without_privileges_on_a_read_only_root(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service.get("user", "image") not in {"root", "0", 0, "0:0"}
    assert service["tmpfs"], "a read-only root needs a writable /tmp"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_can_be_asked_how_it_is(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    if name == "migrate":
        assert health == {"disable": True}
    else:
        assert health["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries"} <= health.keys()


def test_only_the_web_server_and_the_mail_catcher_publish_ports_and_only_to_this_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"web", "mail"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["inside"]


def test_every_setting_that_compose_passes_is_one_the_portal_reads() -> None:
    source = (PROJECT / "portal" / "settings" / "base.py").read_text()
    read = set(re.findall(r"""env(?:\.\w+)?\(\s*f?["']([A-Z_]+)["']""", source))
    assert SERVICES["web"]["environment"].keys() <= read
    required = set(re.findall(r"""env(?:\.\w+)?\(["']([A-Z_]+)["']\)""", source))
    assert required
    assert required <= SERVICES["web"]["environment"].keys()


def test_every_variable_compose_insists_on_is_explained_in_the_example() -> None:
    insisted = set(re.findall(r"\$\{([A-Z_]+):\?", (PROJECT / "docker-compose.yml").read_text()))
    explained = set(re.findall(r"^([A-Z_]+)=", EXAMPLE, flags=re.MULTILINE))
    assert insisted
    assert insisted <= explained


GIVEN_BY_THE_IMAGE = {
    "APPLICATION_NAME",
    "DATABASE_URL",
    "DEBUG",
    "LOG_FORMAT",
    "MEDIA_ROOT",
    "REDIS_URL",
    "STATIC_ROOT",
}
"""Settings nobody writes into .env: the image or docker-compose.yml knows them, or they are for developers."""


def test_the_example_names_every_setting_and_none_that_nobody_reads() -> None:
    source = (PROJECT / "portal" / "settings" / "base.py").read_text()
    read = set(re.findall(r"""env(?:\.\w+)?\(\s*f?["']([A-Z_]+)["']""", source))
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, flags=re.MULTILINE))
    compose = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))
    assert len(read) > 40
    assert read - GIVEN_BY_THE_IMAGE - named == set(), "say in .env.example what these are for"
    assert named - read - compose == set(), "nobody reads these any more"
    passed = set(SERVICES["web"]["environment"])
    assert read - GIVEN_BY_THE_IMAGE - passed == set(), "these never reach a container"


def test_the_example_contains_no_secret() -> None:
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, flags=re.MULTILINE))
    for name in (
        "SECRET_KEY",
        "FIELD_ENCRYPTION_KEYS",
        "POSTGRES_PASSWORD",
        "VALKEY_PASSWORD",
        "REGION_TOKEN",
    ):
        assert values[name] == ""


def test_the_workers_serve_every_queue_exactly_once() -> None:
    served = [
        queue
        for service in OWN.values()
        if "worker" in service.get("command", ())
        for queue in service["command"][service["command"].index("-Q") + 1].split(",")
    ]
    assert sorted(served) == sorted(queue.name for queue in celery_app.conf.task_queues)


def test_everything_waits_for_the_migrations_and_the_migrations_for_the_database() -> None:
    for name, service in OWN.items():
        if name != "migrate" and "profiles" not in service:
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_regions_get_none_of_the_portal_s_secrets() -> None:
    for name in ("region-north", "region-south"):
        assert SERVICES[name]["environment"].keys() == {"REGION_TOKEN", "REGION_CERTIFICATE_KEYS"}
        assert SERVICES[name]["profiles"] == ["trial"]


def test_every_volume_that_is_used_is_declared_and_the_other_way_round() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert used == COMPOSE["volumes"].keys()


def test_the_image_ends_as_a_numbered_user_without_tools_to_build() -> None:
    final = (PROJECT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d+:\d+$", final, flags=re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert "apt-get" not in final
    assert "pip install" not in final


def test_nothing_secret_can_slip_into_the_image() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*", "everything is left out unless it is named"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert not {"var", ".env", ".git", "tests"} & allowed
    copied = {
        "portal",
        "connectors",
        "certification",
        "templates",
        "static",
        "manage.py",
        "requirements.lock",
    }
    assert copied <= allowed


def has_compose() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
def test_compose_itself_accepts_the_file() -> None:
    filled = dict.fromkeys(re.findall(r"^([A-Z_]+)=", EXAMPLE, flags=re.MULTILINE), "x")
    finished = subprocess.run(
        ["docker", "compose", "--profile", "trial", "config", "--quiet"],
        cwd=PROJECT,
        env={**os.environ, **filled},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


class _Site(BaseHTTPRequestHandler):
    """Answers /livez, but only under its own name, as the portal does."""

    def do_GET(self) -> None:
        known = self.headers["Host"] == "portal.example" and self.path == "/livez"
        self.send_response(200 if known else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_the_web_health_check_asks_under_the_name_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_address[1])
        monkeypatch.setenv("SITE_URL", "https://portal.example")
        assert healthcheck.main(["web", "--port", port]) == 0
        monkeypatch.setenv("SITE_URL", "https://elsewhere.example")
        assert healthcheck.main(["web", "--port", port]) == 1
        server.shutdown()
    assert healthcheck.main(["web", "--port", port]) == 1


def test_the_worker_health_check_fails_without_a_worker_and_without_a_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert healthcheck.main(["worker", f"nobody-{socket.gethostname()}"]) == 1
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert healthcheck.main(["worker", "validation"]) == 1


def test_the_scheduler_s_health_check_follows_the_age_of_its_timetable(tmp_path: Path) -> None:
    schedule = tmp_path / "schedule"
    assert healthcheck.main(["beat", str(schedule)]) == 1
    saved = tmp_path / "schedule.dat"
    saved.write_bytes(b"x")
    assert healthcheck.main(["beat", str(schedule)]) == 0
    os.utime(saved, (0, 0))
    assert healthcheck.main(["beat", str(schedule)]) == 1


def test_the_region_health_check_looks_for_a_listener() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
        assert healthcheck.main(["region", "--port", port]) == 1
        listener.listen()
        assert healthcheck.main(["region", "--port", port]) == 0
