"""`python -m experiments`: see --help."""
import sys

from .run import main

sys.exit(main())
