"""Compare runs side by side: ``python -m higgs_lightning.compare RUN [RUN ...] [output=FOLDER]``."""

import sys
from datetime import datetime

from higgs_lightning.errors import UserError, one_sentence
from higgs_lightning.files import local_path
from higgs_lightning.runs import RUNS

_USAGE = """python -m higgs_lightning.compare RUN [RUN ...] [output=FOLDER]

Write compare.csv, compare.html and plots of runs, and print their table: which keys differ, how good each is,
and whether the difference is chance.

RUN             a run folder (of train or evaluate), or a folder of them, as a sweep leaves it
output=FOLDER   where to; a new folder below outputs/ without it
"""


@one_sentence
def main() -> None:
    arguments = sys.argv[1:]
    if any(argument in ("-h", "--help") for argument in arguments):
        print(_USAGE)
        return
    paths, output = [], RUNS / f"{datetime.now():%Y-%m-%d/%H-%M-%S-%f}-comparison"
    while arguments:
        argument = arguments.pop(0)
        if argument == "--output" and arguments:  # as it was called before
            output = local_path("output", arguments.pop(0))
        elif argument == "output=" or argument.startswith("-"):
            raise UserError(f"{argument} is no option: say RUN [RUN ...] [output=FOLDER]")
        elif argument.startswith("output="):
            output = local_path("output", argument.removeprefix("output="))
        else:
            paths.append(argument)
    if not paths:
        raise UserError("say which runs: python -m higgs_lightning.compare RUN [RUN ...] [output=FOLDER]")
    # here, because drawing takes seconds to import, and --help does not need it
    from higgs_lightning.evaluation.comparison import compare

    compare(paths, output)


if __name__ == "__main__":
    main()
