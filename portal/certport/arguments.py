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
Url = Annotated[str, typer.Option("--url", help="The portal's address.", show_default=False)]
Reference = Annotated[
    str,
    typer.Argument(help="Reference of the submission; without it the project's newest.", show_default=False),
]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; everybody who follows it reads this.")]
