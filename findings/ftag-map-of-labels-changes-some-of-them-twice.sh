#!/usr/bin/env bash
# ftag maps {5: 0, 4: 1, 0: 2} by turning b jets into class 2, that of light jets.
#
# Guessed: each label is changed once, by its own entry, whatever the order of the entries: 5, 4, 0 become 0, 1, 2.
# What happens: the entries are applied one after the other to the whole column. What has become 0 is taken for a 0 of
# the file by a later entry, so b and light jets are both 2. Swapping two labels makes them one. The same entries in
# another order are right. No warning.
# Why it matters: classes are numbered from 0 with the signal first, and 0 is the flavour of light jets. A tagger then
# learns from b jets as light ones. List the entry of 0 first, or check the numbers of jets per class.
#
# Versions: atlas-ftag-tools==0.3.6, numpy==2.3.5
# Seen on 2026-11-28 (the script compares with these lines):
#> flavours 5, 4, 0 and 15
#> {0: 0, 4: 1, 5: 2, 15: 3}: [2, 1, 0, 3], should be [2, 1, 0, 3]
#> {5: 0, 4: 1, 0: 2, 15: 3}: [2, 1, 2, 3], should be [0, 1, 2, 3]
#> {15: 0, 5: 1, 4: 2, 0: 3}: [1, 2, 3, 3], should be [1, 2, 3, 0]
#> {0: 3, 4: 2, 5: 1, 15: 0}: [1, 2, 3, 0], should be [1, 2, 3, 0]
#> {5: 4, 4: 5}: [5, 5, 0, 15], should be [4, 5, 0, 15]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: atlas-ftag-tools==0.3.6 numpy==2.3.5

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from ftag import Transform


def mapped(changes, flavours=(5, 4, 0, 15)):
    """Return what becomes of b, c, light and tau jets (5, 4, 0 and 15)."""
    jets = np.array([(flavour,) for flavour in flavours], dtype=[("flavour", "i4")])
    out = Transform(ints_map={"jets": {"flavour": changes}})({"jets": jets})["jets"]["flavour"]
    right = [changes.get(flavour, flavour) for flavour in flavours]
    print(f"{changes}: {out.tolist()}, should be {right}")


print("flavours 5, 4, 0 and 15")
mapped({0: 0, 4: 1, 5: 2, 15: 3})
mapped({5: 0, 4: 1, 0: 2, 15: 3})
mapped({15: 0, 5: 1, 4: 2, 0: 3})
mapped({0: 3, 4: 2, 5: 1, 15: 0})
mapped({5: 4, 4: 5})
END
cat seen
diff expected seen || { echo "ftag-map-of-labels-changes-some-of-them-twice: the behaviour has changed" >&2; exit 1; }
