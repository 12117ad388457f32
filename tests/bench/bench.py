"""`make bench`: every case of the benchmark, one after the other. See `suite.py`, and `--help`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # In place of this folder, so that the tests' packages are found by their whole names.
    sys.path[0] = str(Path(__file__).parents[2])
    from tests.bench.suite import main

    main()
