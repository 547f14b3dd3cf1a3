"""Whether a page is written as HTML should be: nothing unclosed, nothing where it may not be, no name given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import html5lib

# Attributes that name other elements of the same page.
_POINTERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list")

# A field is a property of its form, before those that every element has: htmx could not take such a form away.
_HIDING = {"remove", "submit", "reset", "closest", "matches", "children", "parentNode", "getAttribute"}


def html_faults(text: str) -> list[str]:
    """What a strict parser complains of, names given twice, and references to names that are not there."""
    is_page = "<!doctype" in text[:200].lower()
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    # Fragments of tables begin with their rows.
    container = "tbody" if text.lstrip().startswith("<tr") else "div"
    tree = parser.parse(text) if is_page else parser.parseFragment(text, container=container)
    faults = [
        f"line {place[0]}: {code} {named.get('name', '')}".rstrip() for place, code, named in parser.errors
    ]
    return [*faults, *_names(tree, is_page=is_page)]


def _names(tree: Any, *, is_page: bool) -> Iterator[str]:
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    known = Counter(element.attrib["id"] for element in elements if "id" in element.attrib)
    yield from (f"id {name!r} is given {times} times" for name, times in known.items() if times > 1)
    yield from ("an id is empty" for name in known if not name.strip())
    fields = (element.attrib.get("name") for element in elements)
    yield from (f"a field named {name!r} hides what its form can do" for name in fields if name in _HIDING)
    if not is_page:
        return
    for element in elements:
        for pointer in _POINTERS:
            lost = set(element.attrib.get(pointer, "").split()) - set(known)
            if lost:
                yield f"<{element.tag}> {pointer} names {sorted(lost)}, which the page does not have"
