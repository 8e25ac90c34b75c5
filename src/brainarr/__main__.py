"""python -m brainarr, and what spark-submit is given."""

import sys

if not __package__:
    # Run as a file, as spark-submit does: our folder must not stand before the standard library, for we have
    # an `http` and it has one.
    sys.path.pop(0)

from brainarr.cli import main

main()
