"""The products whose makers use connectors, and what is worth a look in each before a version is signed off.

A product is a row here: forms, pages and counts follow from it. Keys are kept with what testers wrote, so no
key is given another meaning later.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.shared.words import lazy as _lazy


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. `text` completes “The tester could …” as an imperative."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Product:
    key: str
    name: str
    about: str
    checks: tuple[Check, ...]

    @property
    def check_keys(self) -> frozenset[str]:
        return frozenset(check.key for check in self.checks)


PRODUCTS: tuple[Product, ...] = (
    Product(
        "flow",
        _lazy("Flow maker"),
        _lazy("Flows that run by themselves, built of triggers and actions."),
        (
            Check("find", _lazy("Find the connector by its name and by what it does")),
            Check("connect", _lazy("Create a connection, and repair it after a wrong sign-in")),
            Check("action", _lazy("Use every action in a flow and run it with real data")),
            Check("choices", _lazy("Pick from the lists that other operations fill")),
            Check("output", _lazy("Use the outputs of one step in the next")),
            Check("trigger", _lazy("Let each trigger start a flow, and see it fire once for each event")),
            Check("error", _lazy("Give a wrong input and read the error of the failed run")),
        ),
    ),
    Product(
        "app",
        _lazy("App maker"),
        _lazy("Apps for screens: galleries, forms and buttons over data."),
        (
            Check("connect", _lazy("Add the connector as data of an app")),
            Check("read", _lazy("Show a list in a gallery and open one entry")),
            Check("write", _lazy("Create, change and delete an entry with a form")),
            Check("types", _lazy("See dates, numbers, choices and pictures as what they are")),
            Check("paging", _lazy("Scroll past the first page of a long list")),
            Check("error", _lazy("See an error in words a user of the app understands")),
        ),
    ),
    Product(
        "logic",
        _lazy("Integration designer"),
        _lazy("Integrations that professionals build, with code view and error branches."),
        (
            Check("connect", _lazy("Create a connection for an automated account")),
            Check("action", _lazy("Use every action from the designer and from its code view")),
            Check("trigger", _lazy("Let a trigger run under load without losing or doubling events")),
            Check("error", _lazy("Handle a refusal in an error branch by its status")),
            Check("repeat", _lazy("Repeat a call that timed out without doing the deed twice")),
        ),
    ),
    Product(
        "agent",
        _lazy("Agent builder"),
        _lazy("Assistants that choose operations by their descriptions."),
        (
            Check("choose", _lazy("Ask for something in one's own words and see the right operation chosen")),
            Check("inputs", _lazy("See the assistant ask for the inputs that are missing")),
            Check("confirm", _lazy("See it ask before it changes or deletes something")),
            Check("answer", _lazy("Read an answer that says what the service said, and no more")),
        ),
    ),
)
BY_KEY = {product.key: product for product in PRODUCTS}
