"""Score events: ``python -m higgs_lightning.predict ckpt=PATH input=FILE output=FILE``."""

import time
from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning.command import command

_NEEDED = "this command needs ckpt=RUN, input=FILE and output=FILE"


@command("predict", {key: f"say {key}=...: {_NEEDED}" for key in ("ckpt", "input", "output")})
def main(cfg: DictConfig) -> None:
    # here, because torch takes seconds to import, and --help does not need it
    from higgs_lightning.evaluation.prediction import predict

    start = time.perf_counter()
    options: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    events = predict(**options)
    seconds = time.perf_counter() - start
    print(f"{events:,} events in {seconds:.1f} s ({events / seconds:,.0f} a second): {cfg.output}")


if __name__ == "__main__":
    main()
