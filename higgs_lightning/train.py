"""Train a model: ``python -m higgs_lightning.train [KEY=VALUE ...]``."""

import os
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from higgs_lightning.command import command, said


@command("train")
def main(cfg: DictConfig) -> float:
    """Run one training; a sweep optimises what it returns, the chosen epoch's monitored value."""
    # here, because torch and Lightning take seconds to import, and --help needs neither
    from higgs_lightning.training.run import begun, continued, train

    if cfg.ckpt is not None:
        cfg = continued(cfg, said("train"))
    elif cfg.init is not None:
        cfg = begun(cfg, said("train"))
    if cfg.compile:  # compiled code is kept for the next run, where the folder may be written to
        kept = Path(str(cfg.data.dir), "compiled").absolute()
        there = next(folder for folder in (kept, *kept.parents) if os.path.exists(folder))
        if os.access(there, os.W_OK):
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(kept))
    metrics: dict[str, float] = train(cfg, Path(HydraConfig.get().runtime.output_dir))
    return metrics[cfg.selection.monitor or "val/auc"]


if __name__ == "__main__":
    main()
