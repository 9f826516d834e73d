#!/usr/bin/env bash
# Optuna's PatientPruner never prunes a plateau, nor a trial whose metric has become NaN.
#
# Guessed: with patience=1 a trial that has not improved for more steps than that is handed to the pruner
# inside, or pruned if there is none.
# What happens: a trial counts as patient as long as it has not become worse than its earlier best. Values
# that stay where they are never do; NaN never does either, since no comparison with NaN is true.
# MedianPruner alone prunes both at once.
# Why it matters: validation AUC saturates, and a network that diverged reports NaN to the end. Wrapped
# "to be a little patient", exactly these trials run to their last epoch.
#
# Versions: optuna==5.0.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> plateau [5.0, 5.0, 5.0, 5.0, 5.0, 5.0]: {'median': 0, 'patient median': 'never', 'patient': 'never'}
#> worse and worse [5.0, 6.0, 7.0, 8.0, 9.0, 10.0]: {'median': 0, 'patient median': 2, 'patient': 2}
#> diverged [5.0, 4.0, nan, nan, nan, nan]: {'median': 0, 'patient median': 'never', 'patient': 'never'}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: optuna==5.0.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import optuna
from optuna.pruners import MedianPruner, PatientPruner

optuna.logging.set_verbosity(optuna.logging.ERROR)
nan = float("nan")
losses = {"plateau": [5.0] * 6, "worse and worse": [5.0, 6.0, 7.0, 8.0, 9.0, 10.0], "diverged": [5.0, 4.0] + [nan] * 4}
pruners = {
    "median": lambda: MedianPruner(n_startup_trials=1),
    "patient median": lambda: PatientPruner(MedianPruner(n_startup_trials=1), patience=1),
    "patient": lambda: PatientPruner(None, patience=1),
}


def first_pruned(losses, pruner):
    """The step at which the fifth trial would be pruned, after four with a loss of 1 at each step."""
    study = optuna.create_study(pruner=pruner)
    for _ in range(5):
        trial, steps = study.ask(), []
        for step, loss in enumerate(losses if trial.number == 4 else [1.0] * 6):
            trial.report(loss, step)
            steps += [step] * bool(trial.should_prune())
        study.tell(trial, 1.0)
    return steps[0] if steps else "never"


for name, values in losses.items():
    print(f"{name} {values}:", {kind: first_pruned(values, make()) for kind, make in pruners.items()})
END
cat seen
diff expected seen || { echo "optuna-patient-pruner-waits-for-ever: the behaviour has changed" >&2; exit 1; }
