"""Write a trained model for other programs: ``python -m higgs_lightning.export ckpt=PATH output=FILE``."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning.command import command


@command(
    "export",
    {key: f"say {key}=...: this command needs ckpt=RUN and output=FILE" for key in ("ckpt", "output")},
)
def main(cfg: DictConfig) -> None:
    # here, because torch takes seconds to import, and --help does not need it
    from higgs_lightning.models.graph import export

    options: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    distance = export(**options)
    print(f"{cfg.output}: its scores are the model's, within {distance:.1g}")


if __name__ == "__main__":
    main()
