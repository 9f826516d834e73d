"""Evaluate a trained model: ``python -m higgs_lightning.evaluate ckpt=PATH [KEY=VALUE ...]``."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from higgs_lightning.command import command, said


@command("evaluate", {"ckpt": "say which model: ckpt=RUN, ckpt=CHECKPOINT, ckpt=last or ckpt=pretrained"})
def main(cfg: DictConfig) -> None:
    # here, because torch and Lightning take seconds to import, and --help needs neither
    from higgs_lightning.training.testing import evaluate, own_evaluation

    evaluate(own_evaluation(cfg, said("evaluate")), Path(HydraConfig.get().runtime.output_dir))


if __name__ == "__main__":
    main()
