"""`python -m portal.certport`."""

import sys

from portal.certport.main import main

if __name__ == "__main__":
    sys.exit(main())
