"""Say what is in a file of events: ``python -m higgs_lightning.describe input=FILE [output=FOLDER]``."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning.command import command


@command("describe", {"input": "say which file: input=FILE"})
def main(cfg: DictConfig) -> None:
    # here, because drawing takes seconds to import, and --help does not need it
    from higgs_lightning.evaluation.description import describe

    options: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    describe(**options)


if __name__ == "__main__":
    main()
