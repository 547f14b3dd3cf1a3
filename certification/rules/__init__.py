"""The rules that connector packages must obey, and the engine that checks them. Pure Python, no framework.

package = connectors.definitions.read_archive(data)
report = check_package(package, Profile("new", "verified"))
report.verdict, report.findings

Packages of strangers go through `check_bytes`, which does the same in a limited child process.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certification.rules.engine import Context, check_package
    from certification.rules.findings import Finding, Report
    from certification.rules.profiles import Profile
    from certification.rules.rulebook import Figures, RuleInfo, catalogue, rule_info
    from certification.rules.sandbox import check_bytes
    from certification.rules.version import RULES_VERSION
    from connectors.confinement import Limits

__all__ = [
    "RULES_VERSION",
    "Context",
    "Figures",
    "Finding",
    "Limits",
    "Profile",
    "Report",
    "RuleInfo",
    "catalogue",
    "check_bytes",
    "check_package",
    "rule_info",
]

_HOMES = {
    "RULES_VERSION": "version",
    "Context": "engine",
    "Figures": "rulebook",
    "Finding": "findings",
    "Limits": "sandbox",
    "Profile": "profiles",
    "Report": "findings",
    "RuleInfo": "rulebook",
    "catalogue": "rulebook",
    "check_bytes": "sandbox",
    "check_package": "engine",
    "rule_info": "rulebook",
}


def __getattr__(name: str) -> Any:
    # The command line must start fast: nobody pays for the sandbox or the examples who does not ask for them.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
