"""Play one target: `python -m tests.faults.fuzzing lines --minutes 12 --seed 1` prints what came of it."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tempfile
from pathlib import Path

from tests.faults.fuzzing.rounds import EXAMPLES, play


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    given = parser.parse_args()
    module = importlib.import_module(f"tests.faults.fuzzing.{given.target}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPIN_MAGIC_CACHE_DIR"] = f"{folder}/cache"
        place = Path(folder, "place")
        place.mkdir()
        os.chdir(place)
        target = module.target(place)
        played = play(target, given.seed, seconds=60 * given.minutes, examples=given.examples)
        os.chdir("/")
    print(json.dumps(vars(played) | {"seeds": played.seeds}))


if __name__ == "__main__":
    main()
