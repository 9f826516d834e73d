"""Give a trained model away: ``python -m higgs_lightning.push ckpt=RUN output=hf://USER/REPO``."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning.command import command


@command(
    "push",
    {
        key: f"say {key}=...: this command needs ckpt=RUN and output=hf://USER/REPO"
        for key in ("ckpt", "output")
    },
)
def main(cfg: DictConfig) -> None:
    # here, because torch takes seconds to import, and --help does not need it
    from higgs_lightning.evaluation.card import push

    options: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    print(f"{push(**options)}: weights and their model card")


if __name__ == "__main__":
    main()
