"""Who may import whom: the contracts of pyproject.toml, and purity proved by running without the frameworks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.source import ROOT

# Pure packages: they must work in a process in which these cannot even be imported.
PURE = (
    "certification.rules",
    "connectors.confinement",
    "connectors.definitions",
    "connectors.runtime",
    "certification.planning",
    "portal.certport",
)
FRAMEWORKS = ("django", "celery", "rest_framework", "psycopg", "kombu")

_IMPORT_ALL = """
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {frameworks!r}:
            raise ImportError(f"{{name}} is not for this package")

sys.meta_path.insert(0, Refuse())
package = importlib.import_module({package!r})
names = [package.__name__]
names += [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""


def test_the_import_contracts_hold(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("package", PURE)
def test_a_pure_package_imports_where_no_framework_can_be(package):
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        pytest.skip(f"{package} does not exist")
    script = _IMPORT_ALL.format(frameworks=set(FRAMEWORKS), package=package)
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 1


def test_the_proof_of_purity_can_fail():
    script = _IMPORT_ALL.format(frameworks=set(FRAMEWORKS), package="certification.services")
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "is not for this package" in run.stderr
