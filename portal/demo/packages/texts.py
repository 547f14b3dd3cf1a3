"""`intro.md` and `readme.md` of a demo connector, written from what its blueprint knows."""

from __future__ import annotations

from portal.demo.packages.definition import definition_of
from portal.demo.packages.language import Blueprint

_SIGN_IN = {
    "none": "Nothing is needed: the service is open to everybody.",
    "api_key": "Open **Settings**, then **Keys** in your account and create a key. Paste it to connect.",
    "api_key_query": "Ask the support address for a key. It arrives within a day. Paste it when you connect.",
    "basic": "Use the name and password you sign in with. A separate account for automation is best.",
    "oauth2": "Choose **Sign in** when you connect, and allow access. This is OAuth 2; your password stays "
    "with the service. You can end the access any time on your account page.",
}  # fmt: skip


def intro_of(blueprint: Blueprint) -> str:
    """What a maker reads before connecting."""
    return f"""# {blueprint.title}

{blueprint.description}

## Prerequisites

{_prerequisite(blueprint)}

## How to get credentials

{_SIGN_IN[blueprint.auth]}

## Get started

{_start(blueprint)}

## Known issues and limitations

{blueprint.limits}

## Common errors and remedies

- **401**: the credentials were changed or have expired. Connect again.
- **404**: what you asked for was deleted meanwhile, or belongs to another account.
- **429**: too many calls in a minute. Wait, then try again.

## Questions

Write to help@{blueprint.host.removeprefix("api.")}; somebody answers on working days.
"""


def readme_of(blueprint: Blueprint) -> str:
    """The documentation, with every operation that users see."""
    return f"""# {blueprint.title}

{blueprint.description}

## Publisher: {blueprint.publisher}

## Prerequisites

{_prerequisite(blueprint)}

## Supported operations

{_operations(blueprint)}

## Obtaining credentials

{_SIGN_IN[blueprint.auth]}

## Getting started

{_start(blueprint)}

## Known issues and limitations

{blueprint.limits}

## Frequently asked questions

### Does it work with a free account?

Yes, within the limits above.

## Deployment instructions

Upload the files of this folder as a custom connector, then create a connection.
"""


def _prerequisite(blueprint: Blueprint) -> str:
    if blueprint.auth == "none":
        return "None."
    return f"An account at {blueprint.title}, which is free for up to three people."


def _start(blueprint: Blueprint) -> str:
    first = blueprint.things[0]
    return blueprint.start or (
        f"Begin with **List {first.many}** to see that the connection works, and go on with the "
        f"{first.words} you need."
    )


def _operations(blueprint: Blueprint) -> str:
    found = []
    for item in definition_of(blueprint)["paths"].values():
        for method, operation in item.items():
            if not method.startswith("x-") and operation.get("x-ms-visibility") != "internal":
                found.append(f"### {operation['summary']}\n\n{operation['description']}")
    return "\n\n".join(found)
