"""`python -m splice_cuda.export`."""

import sys

from .command import main

sys.exit(main())
