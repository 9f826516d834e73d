#!/usr/bin/env bash
# Optuna shares the importance out equally if no parameter had any.
#
# Guessed: zeros, NaN or an error if the objective was the same in all trials.
# What happens: 0.5 and 0.5 for two parameters by default, since the default is no longer fANOVA, which
# raises. A parameter that alone decides whether a trial becomes infinite counts for little, as
# trials of infinite value are left out.
# Why it matters: an AUC that stays at 0.5, of a network that never learned, reads as "both matter alike"; and
# the learning rate that makes training diverge to an infinite loss looks harmless.
#
# Versions: optuna==5.0.0, scikit-learn==1.9.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> always 0.5:
#>   FanovaImportanceEvaluator: RuntimeError
#>   MeanDecreaseImpurityImportanceEvaluator: {'rate': 0.5, 'width': 0.5}
#>   PedAnovaImportanceEvaluator: {'rate': 0.5, 'width': 0.5}
#>   the default: {'rate': 0.5, 'width': 0.5}
#> infinite for a rate above 0.5:
#>   FanovaImportanceEvaluator: {'rate': 0.0, 'width': 1.0}
#>   MeanDecreaseImpurityImportanceEvaluator: {'rate': 0.0, 'width': 1.0}
#>   PedAnovaImportanceEvaluator: {'rate': 0.2, 'width': 0.8}
#>   the default: {'rate': 0.2, 'width': 0.8}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: optuna==5.0.0 scikit-learn==1.9.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import logging
import math

import optuna
from optuna.importance import (
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)

optuna.logging.set_verbosity(logging.ERROR)


def importances(objective):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=60)
    for evaluator in (FanovaImportanceEvaluator, MeanDecreaseImpurityImportanceEvaluator, PedAnovaImportanceEvaluator):
        try:
            found = get_param_importances(study, evaluator=evaluator())
            print(f"  {evaluator.__name__}:", {name: round(float(found[name]), 1) for name in sorted(found)})
        except RuntimeError as error:
            print(f"  {evaluator.__name__}: {type(error).__name__}")
    found = get_param_importances(study)
    print("  the default:", {name: round(float(found[name]), 1) for name in sorted(found)})


def flat(trial):
    trial.suggest_float("rate", 0, 1), trial.suggest_float("width", 0, 1)
    return 0.5


def diverges(trial):
    rate, width = trial.suggest_float("rate", 0, 1), trial.suggest_float("width", 0, 1)
    return math.inf if rate > 0.5 else width


print("always 0.5:")
importances(flat)
print("infinite for a rate above 0.5:")
importances(diverges)
END
cat seen
diff expected seen || { echo "optuna-importance-of-nothing-is-shared-out: the behaviour has changed" >&2; exit 1; }
