"""Options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.certport.output import output


def _chosen(value: bool) -> bool:
    if value:
        output.is_json = True
    return value


AsJson = Annotated[
    # Eager: a wrong argument beside it is answered as a document, too.
    bool, typer.Option("--json", help="One JSON document.", callback=_chosen, is_eager=True)
]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="The portal's address.", show_default=False)]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="[REFERENCE]",
        help="Of the submission, such as S-1042; without it the project's newest.",
        show_default=False,
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; everybody who follows it reads this.")
]
Connector = Annotated[
    str,
    typer.Option(
        "--connector", "-c", metavar="SLUG", help="The connector's name in addresses; else the project's."
    ),
]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Wait until it is your turn.")]
Draft = Annotated[bool, typer.Option("--draft", help="Fill the form, hand nothing in.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Interval = Annotated[float, typer.Option(min=0.2, metavar="SECONDS", help="Time between two looks.")]
