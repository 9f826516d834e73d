"""Simulate events in HIGGS format: ``python -m higgs_lightning.simulate events=60000 seed=1 output=FILE``."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning.command import command


@command("simulate", {"output": "say where the events go: output=FILE.csv.gz or FILE.parquet"})
def main(cfg: DictConfig) -> None:
    # here, as in the other commands: --help needs none of it
    from higgs_lightning.simulation.run import simulate

    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    simulate(output=str(config.pop("output")), **config)


if __name__ == "__main__":
    main()
