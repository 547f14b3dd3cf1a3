"""The child process: the same verdict as in this process, and a verdict whatever the child does."""

from __future__ import annotations

import os
import time

import pytest

from certification.rules import Context, Limits, Profile, Report, check_bytes, check_package, sandbox
from certification.rules.examples import Case, examples
from connectors.confinement import process
from connectors.definitions import read_archive

NEW = Profile("new", "verified")
FAST = Limits(processor_seconds=5, wall_seconds=15)


def entry(body: str) -> str:
    """A child that confines itself as the real one does and then runs `body` instead of a check."""
    return f"""
import sys, json, os, socket
sys.path.insert(0, sys.argv[1])
request = json.loads(sys.stdin.buffer.readline())
from certification.rules import child, engine, profiles
engine.metadata()
child.confine(request["limits"])
try:
{body}
except MemoryError:
    sys.exit({sandbox.EXIT_MEMORY})
"""


def run(monkeypatch: pytest.MonkeyPatch, body: str, limits: Limits = FAST) -> Report:
    indented = "\n".join("    " + line for line in body.strip().splitlines())
    monkeypatch.setattr(process, "code_of", lambda _module: entry(indented))
    return check_bytes(b"{}", filename="x.zip", profile=NEW, limits=limits)


def said(monkeypatch: pytest.MonkeyPatch, expression: str) -> object:
    """The value of an expression as the confined child sees it, carried out in the label of a report."""
    report = run(
        monkeypatch,
        f"""
from certification.rules.engine import failed_report, engine_finding
from certification.rules.profiles import Profile
try:
    seen = str({expression})
except Exception as error:
    seen = type(error).__name__
report = failed_report(seen, Profile(), engine_finding("ENG-004", ""))
sys.stdout.write(json.dumps(report.to_dict()))
""",
    )
    return report.package


def only(report: Report) -> str:
    assert report.verdict == "fail"
    assert len(report.findings) == 1
    assert len(report.digest) == 64
    return report.findings[0].rule


@pytest.mark.parametrize("rule", ["PKG-014", "PKG-011", "PKG-039", "INF-040", "INF-014", "DEF-010"])
def test_the_child_gives_the_same_report_as_this_process(rule: str) -> None:
    case = examples()[rule].bad[0]
    context = Context.of_titles(case.other_titles)
    data = case.archive()
    here = check_package(read_archive(data, filename="p.zip"), case.profile, context)
    there = check_bytes(data, filename="p.zip", profile=case.profile, context=context, limits=FAST)
    assert there.findings == here.findings
    assert (there.verdict, there.stats, there.package) == (here.verdict, here.stats, here.package)
    assert len(there.digest) == 64


def test_a_single_file_is_checked_as_a_package_of_one_file() -> None:
    data = Case().members()["apiDefinition.swagger.json"]
    report = check_bytes(data, filename="apiDefinition.swagger.json", profile=NEW, limits=FAST)
    assert {finding.rule for finding in report.findings} == {"DOC-001", "DOC-002", "ICN-001", "PKG-002"}


def test_bytes_that_are_no_package_get_a_verdict() -> None:
    for data in (b"", b"PK\x03\x04", os.urandom(2000), b"[" * 100_000):
        assert check_bytes(data, filename="x.zip", profile=NEW, limits=FAST).verdict == "fail"


def test_a_child_that_hangs_is_ended_with_all_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    report = run(monkeypatch, "import time\ntime.sleep(600)", Limits(wall_seconds=0.7))
    assert only(report) == "ENG-002"
    assert time.monotonic() - begun < 8


def test_a_child_that_computes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        only(run(monkeypatch, "while True: pass", Limits(processor_seconds=1, wall_seconds=20))) == "ENG-002"
    )


def test_a_child_that_needs_too_much_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(monkeypatch, "kept = [bytearray(1 << 20) for _ in range(4000)]")
    assert only(report) == "ENG-003"
    assert "512 MB" in report.findings[0].message


@pytest.mark.parametrize(
    "body",
    [
        "os._exit(3)",
        "os.kill(os.getpid(), 11)",
        "raise ValueError('secret')",
        "sys.stdout.write('nonsense')",
        "sys.stdout.write('[]')",
        "sys.stdout.write('{}')",
        "sys.stdout.write('[' * 100000)",
        "pass",
    ],
)
def test_a_child_that_dies_or_answers_nonsense_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    report = run(monkeypatch, body)
    assert only(report) == "ENG-004"
    assert "secret" not in report.findings[0].message


def test_a_child_that_talks_too_much_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "while True: sys.stdout.write('x' * 65536)"
    assert only(run(monkeypatch, body, Limits(output_bytes=1_000_000, wall_seconds=10))) == "ENG-004"


def test_the_child_sees_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary-of-the-environment")
    assert "canary" not in str(said(monkeypatch, "dict(os.environ)"))
    assert said(monkeypatch, "os.listdir('.')") == "[]"


@pytest.mark.parametrize(
    "expression",
    [
        "socket.socket()",
        "open('/etc/passwd').read()",
        "open('left-behind', 'w')",
        "open(sys.argv[1] + '/pyproject.toml').read()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.system('true')",
    ],
)
def test_the_child_can_neither_connect_nor_read_nor_write_nor_start_anything(
    monkeypatch: pytest.MonkeyPatch, expression: str
) -> None:
    assert said(monkeypatch, expression) in ("PermissionError", "OSError", "BlockingIOError")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
def test_the_child_of_root_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, "(os.getuid(), os.geteuid(), os.getgid())") == "(65534, 65534, 65534)"


@pytest.mark.parametrize("rule", ["UPD-001", "UPD-020", "UPD-087"])
def test_the_child_compares_with_the_published_version(rule: str) -> None:
    case = examples()[rule].bad[0]
    assert case.before is not None
    previous = read_archive(case.before.archive())
    context = Context(previous=previous)
    data = case.archive()
    here = check_package(read_archive(data, filename="p.zip"), case.profile, context)
    assert rule in {finding.rule for finding in here.findings}
    as_package = check_bytes(data, filename="p.zip", profile=case.profile, context=context, limits=FAST)
    as_bytes = check_bytes(
        data, filename="p.zip", profile=case.profile, previous=previous.canonical_bytes(), limits=FAST
    )
    assert as_package.findings == as_bytes.findings == here.findings


def test_a_published_version_that_cannot_be_read_is_no_crash() -> None:
    update = Profile("update", "verified")
    for previous in (b"no archive", Case(set={"/paths": 5}).archive()):
        report = check_bytes(
            Case().archive(), filename="p.zip", profile=update, previous=previous, limits=FAST
        )
        assert {"ENG-002", "ENG-003", "ENG-004"}.isdisjoint(finding.rule for finding in report.findings)
        assert not [finding for finding in report.findings if "UPD-" in finding.message]


def test_a_context_bears_the_way_to_the_child() -> None:
    previous = read_archive(Case().archive())
    context = Context(frozenset({"tides"}), {"ab": "Tides"}, previous)
    there = Context.from_dict(context.to_dict(), read_archive(context.previous_bytes))
    assert (there.titles, dict(there.icon_hashes)) == (context.titles, context.icon_hashes)
    assert there.previous is not None
    assert there.previous.digest == previous.digest
    assert Context().previous_bytes == b""
    assert Context(previous=read_archive(b"no archive")).previous_bytes == b""
