"""Compare runs side by side: ``python -m higgs_lightning.compare RUN [RUN ...] [--output FOLDER]``."""

import argparse
from datetime import datetime
from pathlib import Path

from higgs_lightning.errors import one_sentence
from higgs_lightning.evaluation.comparison import compare


@one_sentence
def main() -> None:
    parser = argparse.ArgumentParser("python -m higgs_lightning.compare", description=compare.__doc__)
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    new = Path("outputs") / f"{datetime.now():%Y-%m-%d/%H-%M-%S-%f}-comparison"
    compare(arguments.runs, arguments.output or new)


if __name__ == "__main__":
    main()
