"""Picture every place into docs/screens. `--url` looks at a portal that runs already; `--only` takes some of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from tests.screens.camera import camera
from tests.screens.places import PLACES, Place
from tests.screens.portal import running

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    parser.add_argument("--url", help="a portal in trial mode with the demo world")
    parser.add_argument("--only", nargs="*", default=[place.name for place in PLACES], metavar="NAME")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    places = [place for place in PLACES if place.name in options.only]
    with nullcontext(options.url) if options.url else running() as url:
        missed = take(url, places)
    (FOLDER / "README.md").write_text(index(), encoding="utf-8")
    total = sum(file.stat().st_size for file in FOLDER.glob("*.webp"))
    print(f"{total / 1000:.0f} kB in all")
    return 1 if missed else 0


def take(url: str, places: Iterable[Place]) -> list[str]:
    """Picture the places; the names of those that could not be found."""
    from playwright.sync_api import Error

    missed = []
    with camera(url) as taking:
        for place in places:
            for scheme in place.schemes:
                try:
                    print(f"{place.file(scheme):28} {taking.picture(place, scheme, FOLDER) / 1000:6.0f} kB")
                except Error as error:
                    missed.append(place.name)
                    print(f"{place.file(scheme):28} {str(error).splitlines()[0]}")
    return missed


def index() -> str:
    """The page that shows them all."""
    lines = [
        "# What it looks like",
        "",
        "The main pages in the demo world, as `make screens` pictured them.",
    ]
    for place in PLACES:
        lines += ["", f"## {place.caption.rstrip('.')}", ""]
        lines += [f"![{place.caption}]({place.file(scheme)})" for scheme in place.schemes]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    raise SystemExit(main())
