"""Three ways to see a definition under review: as makers see it, as a tree, as source. All know the same
place."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from certification import policies
from certification.models import Submission
from certification.queries import review_source as sources
from certification.queries import review_tree as trees
from certification.queries import workbench
from certification.queries.maker import gallery_of, maker_card
from certification.queries.threads import Conversation, conversation
from certification.reviewing.anchors import operation_pointer
from certification.web.review_pages import page_context, reviewed_submission
from certification.web.review_places import number, place_of
from portal.shared.web import signed_in_user
from portal.shared.words import lazy as _

_OPERATIONS_PER_CHUNK = 100
_SHOWS: dict[str, Callable[[workbench.OperationRow], bool]] = {
    "": lambda row: True,
    "findings": lambda row: bool(row.errors or row.warnings),
    "threads": lambda row: bool(row.threads),
    "changed": lambda row: bool(row.change),
}
_SHOW_LABELS = (
    ("", _("All")),
    ("findings", _("With findings")),
    ("threads", _("With threads")),
    ("changed", _("Changed")),
)


@require_safe
@login_required
def review_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The connector in the gallery and its operations by the hundred; `chunk` ("up", "down"): rows alone."""
    submission = reviewed_submission(request, pk)
    talk = conversation(signed_in_user(request), submission)
    validation = workbench.verdict_on(submission)
    changed = sources.comparison(submission)
    definition = workbench.definition_of(submission, talk, validation, changed)
    pointer = operation_pointer(place_of(request, submission).pointer)
    context = {"submission": submission, "definition": definition, **_rows(request, definition, pointer)}
    if request.GET.get("chunk"):
        return render(request, "certification/_review_operation_rows.html", context)
    context |= page_context(request, submission, "definition", talk)
    context |= _operation(submission, pointer, talk) | {
        "shows": _choices(definition),
        "gallery": gallery_of(submission, talk, validation),
        "facts": workbench.facts_of(submission, talk, validation),
        "changed": changed,
    }
    return render(request, "certification/review_detail.html", context)


def _rows(request: HttpRequest, definition: workbench.Definition, pointer: str) -> dict[str, object]:
    """The hundred operations that were asked for: from `start`, or those around the one at `pointer`."""
    show = request.GET.get("show", "")
    rows = [row for row in definition.rows if _SHOWS.get(show, _SHOWS[""])(row)]
    at = next((index for index, row in enumerate(rows) if row.pointer == pointer), 0)
    start = number(request.GET.get("start"), at) // _OPERATIONS_PER_CHUNK * _OPERATIONS_PER_CHUNK
    end = start + _OPERATIONS_PER_CHUNK
    return {
        "rows": rows[start:end],
        "left": len(rows) - end,
        "following": end,
        "earlier": start - _OPERATIONS_PER_CHUNK if start else None,
        "show": show if show in _SHOWS else "",
        "part": request.GET.get("chunk", ""),
    }


def _choices(definition: workbench.Definition) -> list[dict[str, object]]:
    """The filters of the operation list with what each would show."""
    return [
        {"key": key, "label": label, "count": sum(map(_SHOWS[key], definition.rows))}
        for key, label in _SHOW_LABELS
    ]


def _operation(submission: Submission, pointer: str, talk: Conversation) -> dict[str, object]:
    """`opened` and its `maker` card; nothing where there is no such operation."""
    if not pointer:
        return {}
    package, validation = workbench.revised_package(submission), workbench.verdict_on(submission)
    opened = workbench.operation_page(package, pointer, talk, validation)
    if opened is None:
        return {}
    return {"opened": opened, "maker": maker_card(package, opened.operation, talk, validation)}


@require_safe
@login_required
def review_operation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The inside of one operation, fetched when it is unfolded."""
    submission = reviewed_submission(request, pk)
    talk = conversation(signed_in_user(request), submission)
    found = _operation(submission, request.GET.get("at", ""), talk)
    if not found:
        raise Http404
    can_comment = policies.can_comment_submission(request.user, submission)
    context = {"submission": submission, "can_comment": can_comment, **found}
    return render(request, "certification/_review_operation.html", context)


@require_safe
@login_required
def review_tree(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The JSON files node by node, unfolded to the place that the address names."""
    submission = reviewed_submission(request, pk)
    talk = conversation(signed_in_user(request), submission)
    place = place_of(request, submission)
    files = trees.json_files(workbench.revised_package(submission))
    document = next((each for each in files if each.file.name == place.file), files[0] if files else None)
    if request.GET.get("file") and (document is None or document.file.name != request.GET["file"]):
        raise Http404
    context = page_context(request, submission, "tree", talk) | {
        "files": [each.file for each in files],
        "file": document.file.name if document else "",
        "level": None,
    }
    if document:
        marks = trees.TreeMarks(document.file.name, talk, workbench.verdict_on(submission))
        context["level"] = trees.tree_level(document, marks, here=place.pointer)
    return render(request, "certification/review_tree.html", context)


@require_safe
@login_required
def review_tree_nodes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is below one node, fetched when it is unfolded."""
    submission = reviewed_submission(request, pk)
    files = trees.json_files(workbench.revised_package(submission))
    document = next((each for each in files if each.file.name == request.GET.get("file")), None)
    if document is None:
        raise Http404
    talk = conversation(signed_in_user(request), submission)
    marks = trees.TreeMarks(document.file.name, talk, workbench.verdict_on(submission))
    pointer, start = request.GET.get("at", ""), number(request.GET.get("start"))
    level = trees.tree_level(document, marks, pointer=pointer, start=start)
    if level is None:
        raise Http404
    can_comment = policies.can_comment_submission(request.user, submission)
    context = {"submission": submission, "level": level, "can_comment": can_comment}
    return render(request, "certification/_review_tree_nodes.html", context)


@require_safe
@login_required
def review_source(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A file with findings and threads in its margin, a stretch at a time; `chunk`: the rows alone."""
    submission = reviewed_submission(request, pk)
    files = sources.text_files(workbench.revised_package(submission))
    name = request.GET.get("file", "") or (files[0].name if files else "")
    source = next((file for file in files if file.name == name), None)
    if source is None and (name or request.GET.get("chunk")):
        raise Http404
    talk = conversation(signed_in_user(request), submission)
    validation = workbench.verdict_on(submission)
    line = place_of(request, submission).line or number(request.GET.get("line"), 1)
    chunk = source and sources.source_chunk(source, line=line, conversation=talk, validation=validation)
    rows = {
        "submission": submission,
        "chunk": chunk,
        "can_comment": policies.can_comment_submission(request.user, submission),
        "part": request.GET.get("chunk", ""),
    }
    if rows["part"]:
        return render(request, "certification/_review_source_rows.html", rows)
    context = page_context(request, submission, "source", talk) | rows | {"files": files, "file": name}
    return render(request, "certification/review_source.html", context)


urlpatterns = [
    path("submissions/<uuid:pk>/review/", review_detail, name="review_detail"),
    path("submissions/<uuid:pk>/review/operation/", review_operation, name="review_operation"),
    path("submissions/<uuid:pk>/review/tree/", review_tree, name="review_tree"),
    path("submissions/<uuid:pk>/review/tree/nodes/", review_tree_nodes, name="review_tree_nodes"),
    path("submissions/<uuid:pk>/review/source/", review_source, name="review_source"),
]
