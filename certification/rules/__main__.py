"""`python -m certification.rules`."""

import sys

from certification.rules.commandline.main import main

if __name__ == "__main__":
    sys.exit(main())
