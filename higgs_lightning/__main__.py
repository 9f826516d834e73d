"""The commands by one name: ``higgs COMMAND ...``, or ``python -m higgs_lightning COMMAND ...``."""

import sys
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from runpy import run_module

from higgs_lightning.errors import UserError, one_sentence

COMMANDS = {
    "train": "train a model, test it, and write it all into a folder below outputs/",
    "evaluate": "score every split with a trained model: metrics and plots",
    "predict": "score the events of a file",
    "describe": "what is in a file of events, and how to use it",
    "export": "write a trained model as ONNX, for torch.export, or as weights alone",
    "push": "put a trained model and its model card into a repository of the Hugging Face Hub",
    "compare": "runs side by side",
    "simulate": "make events",
}


@one_sentence
def main() -> None:
    """Run the command that the first argument names, or list them."""
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        print("Tell Higgs events from background.\n")
        for each, what in COMMANDS.items():
            print(f"higgs {each:9} {what}")
        print("\nEach takes --help. `higgs COMMAND` is short for `python -m higgs_lightning.COMMAND`.")
        print('Completion in bash: eval "$(higgs --shell-completion install=bash)"')
    elif name in ("-V", "--version"):
        print(f"higgs_lightning {version('higgs_lightning')}")
    elif name in ("-sc", "--shell-completion"):
        if arguments != ["install=bash"]:
            raise UserError(f"{' '.join([name, *arguments])}: say higgs --shell-completion install=bash")
        script = Path(__file__).with_name("completion.bash").read_text(encoding="utf-8")
        print(script.replace("COMMANDS", " ".join(COMMANDS)), end="")
    elif name in COMMANDS:
        sys.argv = [name, *arguments]
        # not its main(): the processes that it starts ask for the module that runs
        run_module(f"higgs_lightning.{name}", run_name="__main__", alter_sys=True)
    else:
        near = get_close_matches(name, COMMANDS, n=1, cutoff=0)[0]
        raise UserError(f"{name} is no command; {near} is the nearest (see higgs --help)")


if __name__ == "__main__":
    main()
