#!/usr/bin/env bash
# In redistpy two samples with formulas of their own get each other's in every second bin.
#
# Guessed: a custom modifier of pyhf, made by redist.custom_modifier.add, multiplies all bins of its sample by the value
# of its own formula, as many of them as there are.
# What happens: the values of the formulas are dealt out like cards, over the bins of the first sample and on to the
# next. With one bin each is right. With two bins both samples get both values, one in each bin: 3003 and 4004 events
# in place of 3004 and 3004. With one formula, or with one that gives a value per bin, it's right. No warning.
# Why it matters: the square of a coupling for the signal and its root for the interference are such formulas. Limits
# come from another model. Join the formulas into one modifier set each, or compare the expectation bin by bin.
#
# Versions: redistpy==2.0.0, pyhf==0.7.6, numexpr==2.14.2, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-28 (the script compares with these lines):
#> signal of 1, background of 1000 in each bin; the signal times mu * mu = 4, the background times k = 3
#>   1 bins, should be [3004]: [3004]
#>   2 bins, should be [3004, 3004]: [3003, 4004]
#>   3 bins, should be [3004, 3004, 3004]: [3004, 4003, 3004]
#>   4 bins, should be [3004, 3004, 3004, 3004]: [3003, 4004, 3003, 4004]
#> the same formula for both, should be [4004, 4004, 4004]: [4004, 4004, 4004]
#> a third sample, times k * mu = 6, should be [3604, 3604, 3604]: [3303, 6606, 4404]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: redistpy==2.0.0 pyhf==0.7.6 numexpr==2.14.2 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import pyhf
from redist.custom_modifier import add


def yields(parameters, **samples):
    """Return expected events of samples, given by their bins, a name and a formula."""
    spec = {"channels": [{"name": "channel", "samples": [
        {"name": name, "data": bins, "modifiers": [{"name": label, "type": "formula", "data": {"expr": text}}]}
        for name, (bins, label, text) in samples.items()]}]}
    new = {name: {"inits": (1.0,), "bounds": ((0.0, 10.0),)} for name in parameters}
    model = pyhf.Model(spec, modifier_set=add("formula", list(parameters), new), poi_name=None, validate=False)
    return [round(float(x)) for x in model.expected_actualdata([parameters[n] for n in model.config.par_order])]


two = {"mu": 2.0, "k": 3.0}
print("signal of 1, background of 1000 in each bin; the signal times mu * mu = 4, the background times k = 3")
for bins in (1, 2, 3, 4):
    print(f"  {bins} bins, should be {[3004] * bins}:",
          yields(two, signal=([1.0] * bins, "f_s", "mu * mu"), background=([1000.0] * bins, "f_b", "k * 1")))
print("the same formula for both, should be [4004, 4004, 4004]:",
      yields(two, signal=([1.0] * 3, "f", "mu * mu"), background=([1000.0] * 3, "f", "mu * mu")))
print("a third sample, times k * mu = 6, should be [3604, 3604, 3604]:",
      yields(two, signal=([1.0] * 3, "f_s", "mu * mu"), background=([1000.0] * 3, "f_b", "k * 1"),
             other=([100.0] * 3, "f_o", "k * mu")))
END
cat seen
diff expected seen || { echo "redistpy-two-formulas-take-turns-from-bin-to-bin: the behaviour has changed" >&2; exit 1; }
