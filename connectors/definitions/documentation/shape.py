"""The parts of a document. Plain dictionaries, so that it is stored and sent as it is."""

from __future__ import annotations

from typing import TypedDict


class Row(TypedDict):
    """A value that goes in or comes out.

    `path` is what a definition calls it ("tides[]/level"), `name` what a maker reads. `type` is the word of
    the definition, of each entry where `is_list`; `ref` is the anchor of the shared type it has, or "".
    `dynamic` is "fields" or "choices" where these are only known at run time, else ""; `source` is the
    operation that tells them.
    """

    path: str
    name: str
    type: str
    is_list: bool
    ref: str
    is_required: bool
    visibility: str
    text: str
    choices: list[str]
    more_choices: int
    default: str
    dynamic: str
    source: str


class Operation(TypedDict):
    """An action or a trigger.

    `way` of a trigger is "called" or "asks", else ""; `is_batch` when it starts once for each item.
    `outputs_more` and `inputs_more` say that there is more than is shown.
    """

    anchor: str
    id: str
    name: str
    text: str
    method: str
    path: str
    visibility: str
    is_deprecated: bool
    way: str
    is_batch: bool
    inputs: list[Row]
    inputs_more: bool
    outputs: list[Row]
    outputs_more: bool


class Type(TypedDict):
    """A definition that several places refer to."""

    anchor: str
    name: str
    text: str
    rows: list[Row]
    rows_more: bool


class Connection(TypedDict):
    """One way to sign in; without a name where there is only one."""

    name: str
    text: str
    rows: list[Row]


class Contact(TypedDict):
    name: str
    email: str
    url: str
    website: str
    privacy_policy: str
    publisher: str
    stack_owner: str


class Limit(TypedDict):
    """What an operation says of too many calls (its answer 429)."""

    text: str
    operations: list[str]


class Document(TypedDict):
    """`builder` is the version of the code that made it, `definition` the SHA-256 of the definition's bytes,
    `package` that of the whole package."""

    builder: int
    definition: str
    package: str
    title: str
    text: str
    version: str
    intro: str
    authentication: list[str]
    categories: list[str]
    contact: Contact
    connections: list[Connection]
    limits: list[Limit]
    triggers: list[Operation]
    actions: list[Operation]
    types: list[Type]
