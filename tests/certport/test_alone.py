"""The command line without the portal: its wheel in an environment of its own, its client, its completion."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.urls import resolve
from packaging.requirements import Requirement

from certification.attestation import seal, statement
from connectors.definitions.reading import read_path
from portal.certport import VERSION
from portal.management.commands.client import FOLDER, KEYED, REPEATABLE, client_files
from portal.shared.rest import IdempotentCreation
from tests.architecture.source import ROOT
from tests.factories.submissions import WITH_ERROR
from tests.rules.packages import GOOD, folder

PARTS = (
    "portal/certport", "certification/attestation", "certification/rules",
    "connectors/confinement", "connectors/definitions",
)  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The wheel, installed beside what it says it needs and nothing else; the folder of its commands."""
    place = tmp_path_factory.mktemp("alone")
    build = place / "build"
    build.mkdir()
    for name in PARTS:
        shutil.copytree(ROOT / name, build / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        (build / name).write_bytes((ROOT / "portal" / "certport" / name).read_bytes())
    built = run(
        [sys.executable, "-m", "uv", "build", "--offline", "--wheel", "--out-dir", str(place), str(build)]
    )
    venv.create(place / "env", with_pip=False)
    wheel = place / f"certport-{VERSION}-py3-none-any.whl"
    assert wheel.exists(), built.stderr
    python = place / "env" / "bin" / "python"
    run(
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--offline",
            "--no-deps",
            "--python",
            str(python),
            str(wheel),
        ]
    )
    packages = next((place / "env" / "lib").glob("python*")) / "site-packages"
    for needed in _closure("certport", packages):
        _link(needed, packages)
    return python.parent


def _closure(name: str, packages: Path) -> set[str]:
    """What the wheel needs, directly and in turn, by its own word."""
    metadata = next(packages.glob(f"{name}-*.dist-info")) / "METADATA"
    lines = [line for line in metadata.read_text().splitlines() if line.startswith("Requires-Dist: ")]
    pending = [line.removeprefix("Requires-Dist: ") for line in lines]
    found: set[str] = set()
    while pending:
        requirement = Requirement(pending.pop())
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name not in found:
            found.add(requirement.name)
            pending += distribution(requirement.name).requires or []
    return found


def _link(name: str, packages: Path) -> None:
    own = distribution(name)
    for top in {file.parts[0] for file in own.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        if not (packages / top).exists():
            (packages / top).symlink_to(Path(str(own.locate_file(top))))


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_the_wheel_runs_where_no_framework_is(alone, tmp_path):
    missing = subprocess.run(
        [str(alone / "python"), "-c", "import django"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'django'" in missing.stderr
    assert run([str(alone / "certport"), "--version"], cwd=tmp_path).stdout == f"certport {VERSION}\n"


def test_the_wheel_checks_packages_as_the_portal_does(alone, tmp_path):
    folder(tmp_path / "good", GOOD.members())
    folder(tmp_path / "bad", WITH_ERROR.members())
    good = run([str(alone / "certport"), "validate", "good", "--json"], cwd=tmp_path)
    assert good.returncode == 0, good.stdout + good.stderr
    json.loads(good.stdout)
    bad = run([str(alone / "certport"), "validate", "bad"], cwd=tmp_path)
    assert (bad.returncode, "INF-004" in bad.stdout) == (1, True)


def test_the_wheel_verifies_certificates(alone, tmp_path):
    key = Ed25519PrivateKey.generate()
    folder(tmp_path / "good", GOOD.members())
    digest = read_path(tmp_path / "good").digest
    made = seal(statement("tides.zip", digest, {"kind": "approval"}), key)
    (tmp_path / "certificate.json").write_text(json.dumps(made))
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    asked = [str(alone / "certport"), "verify", "certificate.json", "--key", "key.pem", "--package"]
    holds = run([*asked, "good"], cwd=tmp_path)
    assert (holds.returncode, "The certificate holds." in holds.stdout) == (0, True), holds.stderr
    folder(tmp_path / "bad", WITH_ERROR.members())
    other = run([*asked, "bad"], cwd=tmp_path)
    assert (other.returncode, "this one is" in other.stderr) == (1, True)


def test_shells_are_offered_the_commands(alone, tmp_path):
    asked = {"_CERTPORT_COMPLETE": "complete_bash", "COMP_WORDS": "certport st", "COMP_CWORD": "1"}
    told = run([str(alone / "certport")], cwd=tmp_path, env=asked)
    assert told.stdout.split() == ["status", "stop"]


def test_the_version_is_the_same_everywhere():
    own = tomllib.loads((ROOT / "portal" / "certport" / "pyproject.toml").read_text())["project"]
    assert own["version"] == VERSION
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", each)[0] for each in own["dependencies"]}
    assert names <= {re.split(r"[<>=\[]", each)[0] for each in whole["dependencies"]}


def test_the_wheel_names_every_library_that_its_files_import():
    own = tomllib.loads((ROOT / "portal" / "certport" / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[<>=]", each)[0].lower() for each in own["dependencies"]}
    by_module = packages_distributions()
    missing = set()
    for part in PARTS:
        for file in (ROOT / part).rglob("*.py"):
            for top in imported_names(file):
                if top not in sys.stdlib_module_names and top not in (
                    "portal",
                    "certification",
                    "connectors",
                ):
                    distributions = {each.lower() for each in by_module[top]}
                    missing |= set() if distributions & named else {f"{file.name}: {top}"}
    assert missing == set()


def imported_names(file: Path) -> set[str]:
    """The first words of all imports, those inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_the_client_is_what_the_schema_says():
    for name, text in client_files().items():
        assert (FOLDER / name).read_text() == text, f"{name}: run `make client`"


def test_only_what_the_portal_recognises_is_sent_again_with_a_key():
    text = (FOLDER / "operations.py").read_text()
    for name in sorted(KEYED):
        path = re.search(rf'def {name}\(.*?"(/api/v1/[^"]+)"', text, re.DOTALL)[1]
        view = resolve(re.sub(r"\{\w+\}", "0" * 8 + "-0000-4000-8000-" + "0" * 12, path)).func
        assert issubclass(getattr(view, "cls", None) or view.view_class, IdempotentCreation), name
    assert text.count("keyed=True") == len(KEYED)
    assert text.count("repeatable=True") == len(REPEATABLE)
