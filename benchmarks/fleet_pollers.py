"""A process of its own that polls regions or steps rollouts until it is ended: what workers do all day.

python -m benchmarks.fleet_pollers [--no-pause] poll|advance
"""

from __future__ import annotations

import argparse
import time

from benchmarks import django_ready  # noqa: F401 - sets Django up
from certification.services import advance, outcomes, polling


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["poll", "advance"])
    parser.add_argument("--no-pause", action="store_true")
    options = parser.parse_args()
    if options.no_pause:
        outcomes.next_delay = lambda *_: 0.0  # type: ignore[assignment]
    print("ready", flush=True)
    while True:
        done = polling.poll_due() if options.role == "poll" else advance.advance_due()
        if not done:
            time.sleep(0.05)


if __name__ == "__main__":
    main()
