"""What commands say: tables and sentences for people, or one JSON document for programs.

What came from the portal is text of others: no markup of ours, and no control character reaches the terminal.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from portal.certport.problems import CommandFailed

_TONES = {
    "live": "green",
    "pass": "green",
    "verified": "green",
    "signed_off": "green",
    "error": "red",
    "fail": "red",
    "halted": "red",
    "rejected": "red",
    "validation_failed": "red",
    "preview_failed": "red",
    "warning": "yellow",
    "held": "yellow",
    "changes_requested": "yellow",
    "preview_refused": "yellow",
    "preview_testing": "cyan",
    "in_review": "cyan",
}


class Output:
    """Set once by the command that runs: `is_json` decides for the whole run, errors included."""

    def __init__(self) -> None:
        self.is_json = False

    @property
    def people(self) -> Console:
        """Where sentences go; with --json that is standard error, which leaves the document alone."""
        return Console(stderr=self.is_json, highlight=False, soft_wrap=True)

    @property
    def is_terminal(self) -> bool:
        return not self.is_json and sys.stdout.isatty()

    def document(self, data: Any) -> None:
        if self.is_json:
            sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")

    def say(self, text: str, style: str = "") -> None:
        """A sentence for people; nothing with --json."""
        if not self.is_json:
            self.people.print(Text(clean(text), style=style))

    def note(self, text: str) -> None:
        """Beside the result, on standard error in either form."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(clean(text), style="dim"))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "") -> None:
        """For people. Without rows `empty` is said instead, where it is given."""
        rows = list(rows)
        if self.is_json:
            return
        if not rows and empty:
            self.say(empty)
            return
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for heading in headings:
            # Names and places stay whole; what is said last gives way on a narrow terminal.
            table.add_column(heading, no_wrap=heading != headings[-1], overflow="fold")
        for row in rows:
            table.add_row(*(cell(each) for each in row))
        self.people.print(table)

    def fail(self, error: CommandFailed) -> None:
        if self.is_json:
            self.document({"error": {"message": error.message, "details": error.details, **error.data}})
            return
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(Text("certport: ", style="bold red") + Text(clean(error.message)))
        for line in error.details:
            console.print(Text(f"  {clean(line)}", style="dim"))


output = Output()


def clean(text: str) -> str:
    """Without control characters, which could move the cursor or recolour what we say."""
    return "".join(
        each if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf") else "�" for each in text
    )


def cell(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    return Text("-" if value in (None, "") else clean(str(value)))


def state(word: str) -> Text:
    return Text(clean(word).replace("_", " "), style=_TONES.get(word, ""))


def moment(text: str | None) -> str:
    """ISO 8601 as the machine's own time, to the minute."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
