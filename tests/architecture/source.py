"""The project's own source, as the house rules look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("portal", "connectors", "certification")


@dataclass(frozen=True)
class Module:
    """One Python file of the project: `name` is its dotted path."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def place(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"

    def source_around(self, node: ast.AST) -> str:
        """The function around a node, or the statement where there is none."""
        line = getattr(node, "lineno", 0)
        around = [
            each
            for each in ast.walk(self.tree)
            if isinstance(each, ast.stmt) and each.lineno <= line <= (each.end_lineno or each.lineno)
        ]
        functions = [each for each in around if isinstance(each, ast.FunctionDef)]
        chosen = (functions or [each for each in around if not isinstance(each, ast.ClassDef)])[-1]
        return ast.get_source_segment(self.path.read_text(), chosen) or ""

    def functions(self) -> Iterator[ast.FunctionDef]:
        """Functions at the top of the module."""
        yield from (node for node in self.tree.body if isinstance(node, ast.FunctionDef))

    def calls(self) -> Iterator[ast.Call]:
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every module below the folders (such as "certification/web"), migrations left out."""
    found = []
    for folder in folders or PACKAGES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and "__pycache__" not in path.parts:
                found.append(Module(path, ast.parse(path.read_text(), str(path))))
    return tuple(found)


def called_name(call: ast.Call) -> str:
    """`outbox.emit` for `outbox.emit(…)`, `emit` for `emit(…)`, `.save` for `anything(…).save(…)`."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    if isinstance(call.func, ast.Attribute):
        owner = call.func.value
        return f"{owner.id if isinstance(owner, ast.Name) else ''}.{call.func.attr}"
    return ""


def first_text(call: ast.Call) -> str | None:
    """The first argument if it is a literal text."""
    if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
        return call.args[0].value
    return None
