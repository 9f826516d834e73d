"""Write a trained model as one file: ``python -m higgs_lightning.export ckpt=PATH output=FILE``."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning.command import command


@command(
    "export",
    {key: f"say {key}=...: this command needs ckpt=RUN and output=FILE" for key in ("ckpt", "output")},
)
def main(cfg: DictConfig) -> None:
    # here, because torch takes seconds to import, and --help does not need it
    from higgs_lightning.files import output_file
    from higgs_lightning.models.graph import export
    from higgs_lightning.training.ancestors import save_weights

    options: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    if output_file("output", str(cfg.output), (".onnx", ".pt2", ".safetensors")).suffix == ".safetensors":
        save_weights(**options)
        runs = len(cfg.ckpt) if OmegaConf.is_list(cfg.ckpt) else 1
        print(f"{cfg.output}: " + (f"the average of the weights of {runs} runs" if runs > 1 else "weights"))
        return
    distance = export(**options)
    print(f"{cfg.output}: its scores are the model's, within {distance:.1g}")


if __name__ == "__main__":
    main()
