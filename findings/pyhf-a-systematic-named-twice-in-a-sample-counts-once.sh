#!/usr/bin/env bash
# Two rate uncertainties of one name in a sample: pyhf counts the last one and drops the other.
#
# Guessed: both act, moved by one parameter, as they do if one is of the rate (normsys) and one of the shape
# (histosys): 50 events with +10% and +20% are 66 one sigma up. Or else the model is refused.
# What happens: 60, or 55 if they are listed the other way round; of two shapes, too, the last one is taken.
# The model is built, validated and fitted without a word.
# Why it matters: a name is how pyhf correlates effects, so that, say, the jet energy scale's effect on the
# acceptance and on a correction are both "jes". Merged specifications list them twice. The uncertainty of the
# result is too small, or depends on the order of a list.
#
# Versions: pyhf==0.7.6, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> +10%: 55.0 with 2 parameters
#> +20%: 60.0 with 2 parameters
#> +10% and +20%: 60.0 with 2 parameters
#> +20% and +10%: 55.0 with 2 parameters
#> +2 and +5: 55.0 with 2 parameters
#> +5 and +2: 52.0 with 2 parameters
#> +10% and +5: 60.5 with 2 parameters
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhf==0.7.6 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pyhf


def up(*modifiers):
    """The expected background (50) of a model with these modifiers, all of them named "jes", one sigma up."""
    background = {"name": "background", "data": [50.0], "modifiers": [{"name": "jes", **each} for each in modifiers]}
    signal = {"name": "signal", "data": [0.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    model = pyhf.Model({"channels": [{"name": "SR", "samples": [signal, background]}]}, poi_name="mu")
    parameters = model.config.suggested_init()
    parameters[model.config.par_slice("jes").start] = 1.0
    return round(float(model.expected_data(parameters)[0]), 3), len(parameters)


rate_10 = {"type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}
rate_20 = {"type": "normsys", "data": {"hi": 1.2, "lo": 0.8}}
shape_2 = {"type": "histosys", "data": {"hi_data": [52.0], "lo_data": [48.0]}}
shape_5 = {"type": "histosys", "data": {"hi_data": [55.0], "lo_data": [45.0]}}
for name, modifiers in (
    ("+10%", (rate_10,)),
    ("+20%", (rate_20,)),
    ("+10% and +20%", (rate_10, rate_20)),
    ("+20% and +10%", (rate_20, rate_10)),
    ("+2 and +5", (shape_2, shape_5)),
    ("+5 and +2", (shape_5, shape_2)),
    ("+10% and +5", (rate_10, shape_5)),
):
    expected, parameters = up(*modifiers)
    print(f"{name}: {expected} with {parameters} parameters")
END
cat seen
diff expected seen || { echo "pyhf-a-systematic-named-twice-in-a-sample-counts-once: the behaviour has changed" >&2; exit 1; }
