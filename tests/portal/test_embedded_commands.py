"""`python -m portal.embedded exec` and the supervisor of `manage.py up`: processes under real signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.embedded.processes import is_running, wait_until, working_in

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.fault


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory every user can enter, for `nobody` when the tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def clean_environment() -> dict[str, str]:
    """Our environment as a shell has it that knows of no services."""
    unwanted = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "MAKELEVEL")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def start(*argv: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *map(str, argv)],
        cwd=PROJECT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 60) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, out, err


def servers_of(var: Path) -> list[int]:
    return [*working_in(var / "postgres", "postgres"), *working_in(var / "valkey", "valkey")]


def pid_written_to(path: Path) -> int:
    assert wait_until(lambda: path.exists() and path.read_text().strip().isdigit(), 60)
    return int(path.read_text())


def test_a_command_sees_working_services_and_its_exit_code_is_handed_on() -> None:
    program = """
        import os, sys, psycopg, redis
        assert psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 1").fetchone() == (1,)
        assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
        sys.exit(7)
    """
    code, _, err = finish(
        start("-m", "portal.embedded", "exec", "--", sys.executable, "-c", textwrap.dedent(program))
    )
    assert code == 7, err


def test_the_secrets_of_a_trial_are_made_once_and_closed_to_others(place: Path) -> None:
    show = "import os; print(os.environ['SECRET_KEY'], os.environ['FIELD_ENCRYPTION_KEYS'])"
    run = ("-m", "portal.embedded", "exec", "--keep", place / "var", "--", sys.executable, "-c", show)
    first, second = finish(start(*run)), finish(start(*run))
    assert first[0] == second[0] == 0, first[2]
    assert first[1] == second[1]
    assert len(first[1].split()[0]) >= 50
    for path in (place / "var" / "secrets").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    # What was made is not told to anybody who reads along.
    for secret in first[1].split():
        assert secret not in first[2]


def test_a_second_run_on_the_same_data_says_who_is_in_the_way(place: Path) -> None:
    run = ("-m", "portal.embedded", "exec", "--keep", place / "var", "--")
    first = start(*run, "sh", "-c", f"echo $$ > '{place}/pid'; exec sleep 100")
    pid_written_to(place / "pid")
    code, _, err = finish(start(*run, "true"))
    assert code == 1
    assert f"already running on this data (process {first.pid}" in err
    first.terminate()
    assert finish(first)[0] == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command_and_then_the_services_stop(place: Path, number: int) -> None:
    polite = f"""
        import os, pathlib, signal, sys, time
        signal.signal({number}, lambda *_: sys.exit(0))
        pathlib.Path("{place}/pid").write_text(str(os.getpid()))
        time.sleep(100)
    """
    process = start(
        "-m",
        "portal.embedded",
        "exec",
        "--keep",
        place / "var",
        "--",
        sys.executable,
        "-c",
        textwrap.dedent(polite),
    )
    pid_written_to(place / "pid")
    assert servers_of(place / "var")
    process.send_signal(number)
    code, _, err = finish(process)
    assert (code, servers_of(place / "var")) == (0, []), err


def test_a_supervisor_killed_outright_leaves_no_server_and_no_command_behind(place: Path) -> None:
    process = start(
        "-m", "portal.embedded", "exec", "--keep", place / "var", "--",
        "sh", "-c", f"echo $$ > '{place}/pid'; exec sleep 100",
    )  # fmt: skip
    command = pid_written_to(place / "pid")
    assert servers_of(place / "var")
    process.kill()
    finish(process)
    assert wait_until(lambda: not servers_of(place / "var") and not is_running(command), 15)
    # Their orderly end is in the log, not a crash recovery at the next start.
    assert "database system is shut down" in (place / "var" / "log" / "postgres.log").read_text()


SUPERVISED = """
    import pathlib, sys
    from portal.embedded import supervisor
    from portal.embedded.supervisor import Program, Supervisor

    supervisor.STOP_SECONDS = 1.0
    place, python = pathlib.Path(sys.argv[1]), sys.executable
    count = "import os, pathlib, sys, time; p = pathlib.Path(sys.argv[1]); "
    note = "p.write_text(str(os.getpid())); print('hello from', p.name); time.sleep(100)"
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    programs = {
        "steady": (python, "-c", count + note, str(place / "steady")),
        "stubborn": (python, "-c", stubborn + count + note, str(place / "stubborn")),
        "clumsy": (python, "-c", "import sys; sys.exit('fell over')"),
    }
    portal = Supervisor({"PATH": "/usr/bin:/bin"}, place, names=[*programs, "once"])
    for name, argv in programs.items():
        portal.start(Program(name, argv))
    portal.start(Program("once", (python, "-c", "print('done')"), once=True))
    portal.run()
"""


def supervised(place: Path) -> subprocess.Popen[str]:
    return start("-c", textwrap.dedent(SUPERVISED), place)


def test_the_supervisor_prefixes_lines_restarts_what_falls_and_stops_all_even_the_stubborn(
    place: Path,
) -> None:
    process = supervised(place)
    steady, stubborn = pid_written_to(place / "steady"), pid_written_to(place / "stubborn")
    os.kill(steady, signal.SIGKILL)
    assert wait_until(lambda: pid_written_to(place / "steady") != steady, 15)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert code == 0, err
    assert "steady   | hello from steady" in out
    assert "portal   | steady ended (signal SIGKILL); starting it again in 1 s" in out
    assert out.count("clumsy   | fell over") >= 2
    assert "portal   | clumsy ended (exit code 1); starting it again in 1 s" in out
    assert out.count("once     | done") == 1
    assert "portal   | stubborn does not stop; killing it" in out
    assert not is_running(pid_written_to(place / "steady"))
    assert not is_running(stubborn)


def test_when_the_supervisor_is_killed_its_programs_are_asked_to_end(place: Path) -> None:
    process = supervised(place)
    steady, stubborn = pid_written_to(place / "steady"), pid_written_to(place / "stubborn")
    process.kill()
    assert wait_until(lambda: not is_running(steady), 10)
    os.kill(stubborn, signal.SIGKILL)
    finish(process)


def test_the_supervisor_ends_when_nobody_reads_its_output_any_more(place: Path) -> None:
    process = supervised(place)
    # Both run before the reader goes: a program that was ended while it started has written nothing.
    steady, stubborn = pid_written_to(place / "steady"), pid_written_to(place / "stubborn")
    assert process.stdout is not None
    process.stdout.close()
    assert wait_until(lambda: process.poll() is not None, 90)
    assert not is_running(steady)
    if is_running(stubborn):
        os.kill(stubborn, signal.SIGKILL)
    assert process.stderr is not None
    process.stderr.close()
