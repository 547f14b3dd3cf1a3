"""The place that the three views of a definition share: a file and a node of it, whichever of them one comes
from."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from certification.models import Submission
from certification.queries.workbench import revised_package
from certification.reviewing.anchors import document_of, pointer_at
from portal.shared.numbers import small_number


@dataclass(frozen=True, slots=True)
class ReviewPlace:
    """`pointer` and `line` are of `file`; all may be missing. `line` is 0 where nobody asked for one."""

    file: str = ""
    pointer: str = ""
    line: int = 0

    @property
    def query(self) -> str:
        """The place as it is written in an address, "" for none."""
        given = {"file": self.file, "at": self.pointer, "line": self.line if not self.pointer else 0}
        words = urlencode({name: value for name, value in given.items() if value})
        return f"?{words}#here" if words else ""


def number(value: str | None, default: int = 0) -> int:
    """A small number out of an address; `default` for anything else."""
    found = small_number(value)
    return default if found is None else found


def place_of(request: HttpRequest, submission: Submission) -> ReviewPlace:
    """What the address names: `file` with `at` (a JSON Pointer) or `line`; `at` alone is of the definition. A
    place that is not there is none."""
    package = revised_package(submission)
    pointer, line = request.GET.get("at", ""), number(request.GET.get("line"))
    file = request.GET.get("file", "")
    if not file and package.definition and (pointer or line):
        file = package.definition.file.name
    document = document_of(package, file)
    if document is None:
        return ReviewPlace(file if file in package.files else "", "", line)
    if pointer:
        try:
            document.resolve(pointer)
        except (LookupError, ValueError):
            return ReviewPlace(file)
        return ReviewPlace(file, pointer, document.locate(pointer, key=True).line)
    if 1 <= line <= document.file.line_count:
        return ReviewPlace(file, pointer_at(document, line), line)
    return ReviewPlace(file)
