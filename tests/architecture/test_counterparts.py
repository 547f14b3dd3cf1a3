"""What people do on pages, programs can do too: every page that takes a form names what does the same in the API.

Which addresses take forms is read from the URL conf and the table of access, whose own tests ask every address
with every method.
"""

from __future__ import annotations

from tests.architecture.access import TABLE
from tests.architecture.counterparts import COUNTERPARTS
from tests.architecture.routes import ROUTES

_SAFE = {"GET", "HEAD"}
FORMS = {
    route.name
    for route in ROUTES
    if not route.is_api and route.name in TABLE and set(TABLE[route.name].methods) - _SAFE
}
API = {route.name for route in ROUTES if route.is_api}


def test_every_form_of_a_page_says_what_the_api_has_for_it():
    missing = sorted(FORMS - set(COUNTERPARTS))
    assert missing == [], (
        "these pages change something: name the address of the API that does the same, or the reason why there "
        "is none, in tests/architecture/counterparts.py"
    )


def test_no_entry_is_about_a_page_that_is_gone():
    assert sorted(set(COUNTERPARTS) - FORMS) == []


def test_every_counterpart_exists_with_its_method():
    gone = [
        f"{page}: {method} {name}"
        for page, found in COUNTERPARTS.items()
        for name, method in found.by
        if name not in API or method not in TABLE[name].methods
    ]
    assert gone == []


def test_an_entry_names_addresses_or_a_reason_and_never_both():
    assert [page for page, found in COUNTERPARTS.items() if bool(found.by) == bool(found.reason)] == []
