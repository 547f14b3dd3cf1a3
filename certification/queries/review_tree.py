"""The review's tree: a JSON file node by node, a level at a time, with what stands on each node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from certification.models import Validation
from certification.queries.threads import Conversation
from certification.queries.workbench import findings_of
from certification.reviewing.anchors import operation_pointer
from connectors.definitions import Document, Package, openapi, pointers

CHILDREN_AT_ONCE = 200
_LONGEST_VALUE = 2_000


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A member of an object or an element of an array. `text` is a leaf's value as JSON writes it, or in few
    words what a branch holds; counts include what is below. `children` is None until it is unfolded."""

    pointer: str
    name: str
    text: str
    kind: str
    size: int
    errors: int
    findings: int
    threads: int
    is_operation: bool
    is_here: bool
    children: TreeLevel | None = None


@dataclass(frozen=True, slots=True)
class TreeLevel:
    """Children of one node; `following` is the number of the first that is not among them, 0 for none."""

    file: str
    pointer: str
    nodes: list[TreeNode]
    following: int
    left: int


class TreeMarks:
    """Counts of errors, findings and open threads for every pointer of a file and all above it."""

    def __init__(self, file: str, talk: Conversation, validation: Validation | None) -> None:
        found = findings_of(validation, file=file)
        self.findings = _with_ancestors(each.pointer for each in found)
        self.errors = _with_ancestors(each.pointer for each in found if each.severity == "error")
        self.threads = _with_ancestors(each.pointer for each in talk.in_file(file) if each.is_open)


def _with_ancestors(places: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for place in places:
        while place:
            counts[place] += 1
            place = pointers.parent(place)
    return counts


def json_files(package: Package) -> list[Document]:
    """The package's JSON files that could be read, the definition first."""
    found = [document for document in package.documents.values() if document.value is not None]
    return sorted(found, key=lambda each: each is not package.definition)


def tree_level(
    document: Document, marks: TreeMarks, *, pointer: str = "", start: int = 0, here: str = ""
) -> TreeLevel | None:
    """The children of the node at `pointer`, unfolded along `here`; None where there is no such branch."""
    try:
        value = document.resolve(pointer)
    except (LookupError, ValueError):
        return None
    if not isinstance(value, dict | list):
        return None
    members: list[tuple[str | int, Any]] = list(
        value.items() if isinstance(value, dict) else enumerate(value)
    )
    way = _step(pointer, here)
    if way and not start:
        at = next((number for number, (name, _) in enumerate(members) if str(name) == way), 0)
        start = at // CHILDREN_AT_ONCE * CHILDREN_AT_ONCE
    end = start + CHILDREN_AT_ONCE
    nodes = [_node(document, marks, pointer, name, child, here) for name, child in members[start:end]]
    left = max(len(members) - end, 0)
    return TreeLevel(document.file.name, pointer, nodes, end if left else 0, left)


def _step(pointer: str, here: str) -> str:
    """The next token on the way from `pointer` to `here`; "" where it does not lead there."""
    if not here.startswith(f"{pointer}/"):
        return ""
    return pointers.unescape(here[len(pointer) + 1 :].split("/", 1)[0])


def _node(
    document: Document, marks: TreeMarks, parent: str, name: str | int, value: Any, here: str
) -> TreeNode:
    pointer = pointers.join(parent, name)
    is_branch = isinstance(value, dict | list) and bool(value)
    on_the_way = is_branch and (here == pointer or here.startswith(f"{pointer}/"))
    return TreeNode(
        pointer=pointer,
        name=str(name),
        text=_words(value),
        kind=_kind(value),
        size=len(value) if is_branch else 0,
        errors=marks.errors[pointer],
        findings=marks.findings[pointer],
        threads=marks.threads[pointer],
        is_operation=bool(pointer) and operation_pointer(pointer) == pointer,
        is_here=here == pointer,
        children=tree_level(document, marks, pointer=pointer, here=here) if on_the_way else None,
    )


def _kind(value: Any) -> str:
    if isinstance(value, dict | list):
        return "branch" if value else "literal"
    return "string" if isinstance(value, str) else "literal"


def _words(value: Any) -> str:
    """A leaf's value; of a branch what tells it from its neighbours."""
    if isinstance(value, str):
        return value[:_LONGEST_VALUE]
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "" if value else "[]"
    if not isinstance(value, dict):
        return str(value)[:80]
    if not value:
        return "{}"
    for names in (("operationId",), ("name",), ("$ref",), ("title",), ("x-ms-summary",), ("description",)):
        found = openapi.text(value, *names)
        if found:
            return found[:100]
    return ""
