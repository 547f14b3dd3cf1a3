"""What pages about versions and uploads read: lists, file trees, numbered lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors import problem_words
from connectors.definitions import SourceFile
from connectors.models import Connector, Upload, Version
from portal.shared.words import reader_language

LINES_PER_PAGE = 1_000
# A minified definition is one line of a megabyte: enough to recognise, not enough to stall a browser.
LONGEST_LINE = 2_000


def versions_visible_to(user: Any) -> QuerySet[Version]:
    """Versions of the connectors `user` may see, with connector, publisher and author."""
    return Version.objects.filter(connector__in=Connector.objects.visible_to(user)).select_related(
        "connector__publisher", "created_by"
    )


def uploads_visible_to(user: Any) -> QuerySet[Upload]:
    """Uploads to the connectors `user` may see, with connector, version and sender; newest first."""
    return (
        Upload.objects.filter(connector__in=Connector.objects.visible_to(user))
        .select_related("connector__publisher", "version", "uploaded_by")
        .order_by("-received_at", "-pk")
    )


def versions_of(connector: Connector) -> QuerySet[Version]:
    """Newest first, each with `upload_count`. Without tree and facts, which lists do not show."""
    return (
        connector.versions.select_related("created_by")
        .annotate(upload_count=Count("uploads"))
        .defer("tree", "facts")
        .order_by("-number")
    )


def uploads_of(connector: Connector) -> QuerySet[Upload]:
    """Newest first, refused ones too."""
    return (
        connector.uploads.select_related("version", "uploaded_by")
        .defer("tree", "version__tree", "version__facts")
        .order_by("-received_at", "-pk")
    )


@dataclass(slots=True)
class TreeNode:
    """A file or folder as `_file_tree.html` shows it."""

    name: str
    kind: str = "file"
    size: int | None = None
    state: str = "ok"
    note: str = ""
    url: str = ""
    current: bool = False
    children: list[TreeNode] = field(default_factory=list)


def tree_nodes(
    entries: Sequence[dict[str, Any]], version: Version | None = None, current: str = ""
) -> list[TreeNode]:
    """The stored tree as nested folders; with `version`, accepted files lead to the viewer."""
    root = TreeNode("", "dir")
    folders: dict[str, TreeNode] = {"": root}
    for entry in entries:
        folder, _slash, name = entry["path"].rpartition("/")
        node = TreeNode(name, "file", entry["size"], entry["state"], told_note(entry["note"]))
        if version is not None and entry["state"] == "ok":
            node.url = reverse("version_file", args=[version.pk, entry["name"]])
            node.current = entry["name"] == current
            if entry["name"] != entry["path"]:
                node.note = _("read as %(entry)s") % {"entry": entry["name"]}
        _folder(folders, folder).children.append(node)
    return root.children


def told_note(note: str) -> str:
    """Why a file of an upload was left out, in the reader's language."""
    return problem_words.message_in(reader_language(), note)


def told_problems(upload: Upload) -> list[dict[str, Any]]:
    """What was wrong with an upload, in the reader's language; otherwise as stored."""
    language = reader_language()
    return [
        {
            **problem,
            "message": problem_words.message_in(language, problem["message"]),
            "fix": problem_words.fix_in(language, problem["fix"]),
        }
        for problem in upload.problems
    ]


def _folder(folders: dict[str, TreeNode], path: str) -> TreeNode:
    if path not in folders:
        parent, _slash, name = path.rpartition("/")
        folders[path] = TreeNode(name, "dir")
        _folder(folders, parent).children.append(folders[path])
    return folders[path]


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str
    hit: bool
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FilePage:
    """A stretch of a text file. `first` and `last` are 1-based line numbers; `previous`, `next` and `end` the
    first lines of other stretches, 0 where there is none."""

    lines: Sequence[Line]
    first: int
    last: int
    total: int
    encoding: str
    previous: int
    next: int
    end: int


def file_page(source: SourceFile, *, line: int = 1) -> FilePage:
    """The stretch of `source` that holds `line`; a line beyond the end shows the last stretch."""
    total = source.line_count
    wanted = min(max(line, 1), total)
    first = (wanted - 1) // LINES_PER_PAGE * LINES_PER_PAGE + 1
    last = min(first + LINES_PER_PAGE - 1, total)
    lines = [_line(source, number, hit=number == line and line > 1) for number in range(first, last + 1)]
    end = (total - 1) // LINES_PER_PAGE * LINES_PER_PAGE + 1
    return FilePage(
        lines,
        first,
        last,
        total,
        source.encoding,
        previous=max(first - LINES_PER_PAGE, 0),
        next=last + 1 if last < total else 0,
        end=end if last < total else 0,
    )


def _line(source: SourceFile, number: int, *, hit: bool) -> Line:
    text = source.line_text(number)
    return Line(number, text[:LONGEST_LINE], hit, len(text) > LONGEST_LINE)
