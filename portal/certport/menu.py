"""The list of commands: in groups, each in one line that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

# Between the edge, the names and their texts.
_MARGINS = 6


class Menu(TyperGroup):
    """Shows the commands under the panels they are in, and the exit codes below."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Overrides the one list of all: the order is the one in which they were added."""
        longest = max(map(len, self.commands))
        for panel, commands in self._panels():
            rows = [
                (name.ljust(longest), command.get_short_help_str(formatter.width - _MARGINS - longest))
                for name, command in commands
            ]
            with formatter.section(panel):
                formatter.write_dl(rows)

    def _panels(self) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
        panels: dict[str, list[tuple[str, Any]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                panels.setdefault(panel or "Commands", []).append((name, command))
        yield from panels.items()
