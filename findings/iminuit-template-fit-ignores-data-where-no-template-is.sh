#!/usr/bin/env bash
# iminuit's template fit leaves out a bin with data in it if no template has an event there.
#
# Guessed: 3 events where all templates are empty cost a large (or infinite) chi2, or raise: nothing that is
# fitted can explain them.
# What happens: with all three methods such a bin is free, whatever is in it. With 1000 events there, chi2 and
# yields are those of no event, the fit is valid, and the number of degrees of freedom counts the bin all the
# same. A thousandth of an event in one template, and 3 events pull the fit.
# Why it matters: templates are filled from limited simulation, and the bins that come out empty are the tails
# where something new is looked for. Compare the sum of the yields with the number of events.
#
# Versions: iminuit==2.33.0, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> 0 events without a template, da: signal 20.0, background 15.0, chi2 below 0.01 of 2 degrees of freedom, valid True
#> 0 events without a template, jsc: signal 20.0, background 15.0, chi2 below 0.01 of 2 degrees of freedom, valid True
#> 0 events without a template, asy: signal 18.8, background 13.4, chi2 7 of 2 degrees of freedom, valid True
#> 1000 events without a template, da: signal 20.0, background 15.0, chi2 below 0.01 of 2 degrees of freedom, valid True
#> 1000 events without a template, jsc: signal 20.0, background 15.0, chi2 below 0.01 of 2 degrees of freedom, valid True
#> 1000 events without a template, asy: signal 18.8, background 13.4, chi2 7 of 2 degrees of freedom, valid True
#> 3 events, template 0.001 there, da: background 19.7, chi2 4
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: iminuit==2.33.0 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from iminuit import Minuit
from iminuit.cost import Template

edges = np.linspace(0, 4, 5)
signal, background = np.array([10.0, 10.0, 0.0, 0.0]), np.array([0.0, 10.0, 5.0, 0.0])
for last in (0, 1000):
    data = np.array([10.0, 20.0, 5.0, last])
    for method in ("da", "jsc", "asy"):
        fit = Minuit(Template(data, edges, (signal, background), method=method), x0=20, x1=15)
        fit.limits = (0, None)
        fit.migrad()
        chi2 = "below 0.01" if fit.fval < 0.01 else "above 1000" if fit.fval > 1000 else f"{fit.fval:.0f}"
        print(f"{last} events without a template, {method}: signal {fit.values['x0']:.1f}, background {fit.values['x1']:.1f}, "
              f"chi2 {chi2} of {fit.ndof:.0f} degrees of freedom, valid {fit.valid}")
almost = Minuit(Template(np.array([10.0, 20.0, 5.0, 3.0]), edges, (signal, background + [0, 0, 0, 1e-3])), x0=20, x1=15)
almost.limits = (0, None)
almost.migrad()
print(f"3 events, template 0.001 there, da: background {almost.values['x1']:.1f}, chi2 {almost.fval:.0f}")
END
cat seen
diff expected seen || { echo "iminuit-template-fit-ignores-data-where-no-template-is: the behaviour has changed" >&2; exit 1; }
