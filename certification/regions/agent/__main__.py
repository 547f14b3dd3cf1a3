"""`python -m certification.regions.agent`: the reference region agent without Django."""

from __future__ import annotations

import argparse
import logging
import sys

from certification.regions.agent.serve import add_arguments, options_from, serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m certification.regions.agent", description=__doc__)
    add_arguments(parser)
    arguments = vars(parser.parse_args())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        options = options_from(arguments)
    except (ValueError, OSError) as error:
        parser.exit(2, f"{error}\n")
    try:
        serve(options, host=arguments["host"], port=arguments["port"])
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
