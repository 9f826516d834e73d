"""Train a model: ``python -m higgs_lightning.train [KEY=VALUE ...]``."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from higgs_lightning.config import CONFIG_DIR
from higgs_lightning.errors import one_sentence


@hydra.main(version_base="1.3", config_path=CONFIG_DIR, config_name="train")
@one_sentence
def main(cfg: DictConfig) -> float:
    """Run one training; a sweep optimises what it returns, the chosen epoch's monitored value."""
    # here, because torch and Lightning take seconds to import, and --help needs neither
    from higgs_lightning.training import train

    metrics = train(cfg, Path(HydraConfig.get().runtime.output_dir))
    return metrics[cfg.selection.monitor or "val/auc"]


if __name__ == "__main__":
    main()
