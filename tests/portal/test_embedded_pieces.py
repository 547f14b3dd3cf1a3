"""Ports, secrets and the state of the virtual environment: the small parts of bringing the portal up."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from portal.embedded import EmbeddedServicesUnavailable, bootstrap
from portal.embedded.ports import RememberedPorts, free_port, is_free, reserve
from portal.embedded.secret_files import kept_secret, trial_secrets


def test_a_taken_port_is_replaced_and_the_replacement_is_remembered(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        assert not is_free(wanted)
        chosen = RememberedPorts(tmp_path / "ports.json").choose("web", wanted)
        assert chosen != wanted
        assert RememberedPorts(tmp_path / "ports.json").choose("web", wanted) == chosen
    assert RememberedPorts(tmp_path / "ports.json").choose("web", wanted) == wanted


def test_a_reserved_port_is_not_chosen_by_a_second_portal(tmp_path: Path) -> None:
    wanted = free_port()
    with reserve(wanted):
        assert RememberedPorts(tmp_path / "second.json").choose("regions", wanted) != wanted
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", wanted), timeout=5)
    assert RememberedPorts(tmp_path / "third.json").choose("regions", wanted) == wanted


def test_reserving_a_taken_port_leaves_it_to_its_owner() -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        with reserve(port):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_damaged_list_of_ports_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"web": "eight thousand"')
    wanted = free_port()
    assert RememberedPorts(tmp_path / "ports.json").choose("web", wanted) == wanted


def test_a_secret_of_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "given by the operator")
    monkeypatch.delenv("FIELD_ENCRYPTION_KEYS", raising=False)
    found = trial_secrets(tmp_path)
    assert found["SECRET_KEY"] == "given by the operator"
    assert (
        Fernet(found["FIELD_ENCRYPTION_KEYS"]).decrypt(Fernet(found["FIELD_ENCRYPTION_KEYS"]).encrypt(b"x"))
        == b"x"
    )
    assert not (tmp_path / "secrets" / "secret_key").exists()


def test_an_empty_secret_file_is_never_used_as_a_secret(tmp_path: Path) -> None:
    kept_secret(tmp_path, "REGION_TOKEN")
    (tmp_path / "secrets" / "region_token").write_text("\n")
    with pytest.raises(EmbeddedServicesUnavailable, match="is empty"):
        kept_secret(tmp_path, "REGION_TOKEN")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for lock in (bootstrap.RUN_LOCK, bootstrap.DEV_LOCK):
        (tmp_path / lock).write_text(f"# {lock}\n")
    monkeypatch.setattr(bootstrap, "PROJECT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".synced")
    monkeypatch.setattr(bootstrap, "_works", lambda _: True)
    return tmp_path


def record(project: Path, lock: str) -> None:
    digest = hashlib.sha256((project / lock).read_bytes()).hexdigest()
    (project / ".synced").write_text(json.dumps({"lock": lock, "digest": digest}))


def test_the_development_environment_also_serves_for_running(project: Path) -> None:
    record(project, bootstrap.DEV_LOCK)
    assert bootstrap._is_synced(bootstrap.RUN_LOCK)
    assert bootstrap._is_synced(bootstrap.DEV_LOCK)


def test_the_environment_for_running_does_not_serve_for_tests(project: Path) -> None:
    record(project, bootstrap.RUN_LOCK)
    assert bootstrap._is_synced(bootstrap.RUN_LOCK)
    assert not bootstrap._is_synced(bootstrap.DEV_LOCK)


@pytest.mark.parametrize("stamp", [None, "", "{}", '{"lock": "gone.lock", "digest": ""}'])
def test_an_unfinished_or_foreign_environment_is_installed_again(project: Path, stamp: str | None) -> None:
    if stamp is not None:
        (project / ".synced").write_text(stamp)
    assert not bootstrap._is_synced(bootstrap.RUN_LOCK)


def test_a_changed_lock_file_is_noticed(project: Path) -> None:
    record(project, bootstrap.DEV_LOCK)
    (project / bootstrap.DEV_LOCK).write_text("# another version\n")
    assert not bootstrap._is_synced(bootstrap.DEV_LOCK)


def test_bootstrapping_needs_nothing_but_the_standard_library() -> None:
    source = Path(bootstrap.__file__).read_text()
    imported = {
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported <= {*sys.stdlib_module_names, "__future__"}
