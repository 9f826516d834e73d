#!/usr/bin/env bash
# A pyhf model written as HistFactory XML and read again is another one: fixed values, bounds and the luminosity's
# uncertainty change.
#
# Guessed: writexml and readxml keep the measurement's settings, or writexml refuses what XML can't hold.
# What happens: a parameter fixed at 0.5 stays fixed, but at 0: mu goes from 1.40 to 2.22. Bounds and starting
# values are kept for normfactors only. The uncertainty of a luminosity of 36.1 +- 0.8 is written as the
# relative one and read as 0.8 times 36.1. No warning; without such settings all stays as it was.
# Why it matters: XML is how a fit is handed to those who work in ROOT, and got from them. The yields are the
# same, so the copy looks right until it is fitted. Keep the luminosity at 1 +- its relative uncertainty, and
# set the rest again in the copy.
#
# Versions: pyhf==0.7.6, uproot==5.7.7, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> nothing set
#>   before: lumi 1.00, mu 2.16, scale 0.04 | CLs 0.714, lumi +- 0.02
#>   after: lumi 1.00, mu 2.16, scale 0.04 | CLs 0.714, lumi +- 0.02
#> scale fixed at 0.5
#>   before: lumi 1.00, mu 1.40, scale 0.50 | CLs 0.575, lumi +- 0.02
#>   after: lumi 1.00, mu 2.22, scale 0.00 | CLs 0.568, lumi +- 0.02
#> scale between -0.2 and 0.2
#>   before: lumi 1.00, mu 2.16, scale 0.04 | CLs 0.699, lumi +- 0.02
#>   after: lumi 1.00, mu 2.16, scale 0.04 | CLs 0.714, lumi +- 0.02
#> luminosity 36.1 +- 0.8
#>   before: lumi 36.10, mu 2.16, scale 0.04 | CLs 0.714, lumi +- 0.8
#>   after: lumi 38.11, mu 1.72, scale 0.02 | CLs 0.859, lumi +- 28.9
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhf==0.7.6 uproot==5.7.7 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import json
import pathlib

import pyhf
import pyhf.readxml
import pyhf.writexml

spec = {
    "channels": [{"name": "events", "samples": [
        {"name": "signal", "data": [5.0, 8.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {"name": "background", "data": [50.0, 60.0], "modifiers": [
            {"name": "lumi", "type": "lumi", "data": None},
            {"name": "scale", "type": "normsys", "data": {"lo": 0.8, "hi": 1.2}},
        ]},
    ]}],
    "observations": [{"name": "events", "data": [62.0, 77.0]}],
    "version": "1.0.0",
}


def there_and_back(name, parameters):
    """Print the fit of the model and of the one read back from its XML."""
    written = json.loads(json.dumps(spec))
    written["measurements"] = [{"name": "m", "config": {"poi": "mu", "parameters": parameters}}]
    background = written["channels"][0]["samples"][1]
    background["data"] = [rate / parameters[0]["inits"][0] for rate in background["data"]]
    pathlib.Path(name, "config").mkdir(parents=True)
    pathlib.Path(name, "data").mkdir()
    xml = pyhf.writexml.writexml(written, pathlib.Path(name, "config"), pathlib.Path(name, "data"), "m")
    pathlib.Path(name, "m.xml").write_bytes(xml)
    read = pyhf.readxml.parse(f"{name}/m.xml", pathlib.Path.cwd())
    pyhf.readxml.clear_filecache()
    print(name)
    for when, each in (("before", written), ("after", read)):
        workspace = pyhf.Workspace(each)
        model = workspace.model()
        data = workspace.data(model)
        best = dict(zip(model.config.par_order, pyhf.infer.mle.fit(data, model)))
        cls = float(pyhf.infer.hypotest(1.0, data, model, test_stat="qtilde"))
        values = ", ".join(f"{key} {value:.2f}" for key, value in sorted(best.items()))
        sigma = model.config.param_set("lumi").sigmas[0]
        print(f"  {when}: {values} | CLs {cls:.3f}, lumi +- {sigma:.3g}")


lumi = {"name": "lumi", "auxdata": [1.0], "sigmas": [0.02], "bounds": [[0.5, 1.5]], "inits": [1.0]}
there_and_back("nothing set", [lumi])
there_and_back("scale fixed at 0.5", [lumi, {"name": "scale", "inits": [0.5], "fixed": True}])
there_and_back("scale between -0.2 and 0.2", [lumi, {"name": "scale", "bounds": [[-0.2, 0.2]]}])
fb = {"name": "lumi", "auxdata": [36.1], "sigmas": [0.8], "bounds": [[30.0, 42.0]], "inits": [36.1]}
there_and_back("luminosity 36.1 +- 0.8", [fb])
END
cat seen
diff expected seen || { echo "pyhf-xml-forgets-where-a-parameter-is-fixed: the behaviour has changed" >&2; exit 1; }
