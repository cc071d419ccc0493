"""`python -m thinkharder` is the command `thinkharder`."""

import sys

from thinkharder.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
