"""`python -m desktop`: the same as the `signoff` command."""

import sys

from desktop.cli import main

sys.exit(main())
