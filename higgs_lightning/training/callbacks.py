"""Stops a job of an Optuna search that does worse than the others did."""

from hydra.core.hydra_config import HydraConfig
from lightning import Callback, LightningModule, Trainer


class Pruning(Callback):
    """Tells the study how a job does after each epoch, and ends the job when the study's median was better.

    A job that was ended counts with its best epoch. See conf/hparams_search/optuna.yaml.

    Args:
        storage: of the study, as Optuna names it.
        study_name: its name there.
        monitor: the metric that the study maximises.
    """

    def __init__(self, storage: str, study_name: str, monitor: str) -> None:
        import optuna

        self.monitor = monitor
        study = optuna.load_study(study_name, storage, pruner=optuna.pruners.MedianPruner())
        overrides = set(HydraConfig.get().overrides.task)
        running = [
            trial
            for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
            if {f"{name}={value}" for name, value in trial.params.items()} <= overrides
        ]
        # the newest: an older one of the same values was killed
        self.trial = optuna.trial.Trial(study, max(running, key=lambda trial: trial.number)._trial_id)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.trial.report(float(trainer.callback_metrics[self.monitor]), trainer.current_epoch)
        if self.trial.should_prune():
            trainer.should_stop = True
