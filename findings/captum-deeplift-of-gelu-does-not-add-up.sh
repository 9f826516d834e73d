#!/usr/bin/env bash
# Captum's DeepLift of a network with GELU or SiLU does not add up to the score.
#
# Guessed: attributions add up to the score minus the baseline's, which is what DeepLift is made for, or the activation
# is refused, as it is by LRP in the same package.
# What happens: with ReLU, ELU, Tanh and Softplus they add up. GELU, SiLU, SELU and Mish are passed through with
# their gradient at the event, without a warning: attributions are the distance from the baseline times the plain
# gradient, and their sums are off by more than 15 % of the largest difference. LayerNorm is passed through
# likewise. IntegratedGradients adds up in all of them.
# Why it matters: GELU, SiLU and LayerNorm are what transformers and today's tabular networks are made of. Ask for
# return_convergence_delta=True, which tells, or take IntegratedGradients.
#
# Versions: captum==0.9.0, torch==2.13.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> ReLU: DeepLift sums off by below 5%, is distance times gradient: False, IntegratedGradients sums off by below 5%
#> ELU: DeepLift sums off by below 5%, is distance times gradient: False, IntegratedGradients sums off by below 5%
#> Tanh: DeepLift sums off by below 5%, is distance times gradient: False, IntegratedGradients sums off by below 5%
#> Softplus: DeepLift sums off by below 5%, is distance times gradient: False, IntegratedGradients sums off by below 5%
#> GELU: DeepLift sums off by above 15%, is distance times gradient: True, IntegratedGradients sums off by below 5%
#> SiLU: DeepLift sums off by above 15%, is distance times gradient: True, IntegratedGradients sums off by below 5%
#> SELU: DeepLift sums off by above 15%, is distance times gradient: True, IntegratedGradients sums off by below 5%
#> Mish: DeepLift sums off by above 15%, is distance times gradient: True, IntegratedGradients sums off by below 5%
#> ReLU after LayerNorm: DeepLift sums off by above 15%, is distance times gradient: False, IntegratedGradients sums off by below 5%
#> ReLU after BatchNorm: DeepLift sums off by below 5%, is distance times gradient: False, IntegratedGradients sums off by below 5%
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: captum==0.9.0 torch==2.13.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import torch
from captum.attr import DeepLift, IntegratedGradients
from torch import nn

torch.manual_seed(0)
events, baseline = 2.0 * torch.randn(200, 6), torch.full((200, 6), 0.5)


def word(size):
    return "below 5%" if size < 0.05 else "5% to 15%" if size < 0.15 else "above 15%"


for name, parts in (
    ("ReLU", [nn.ReLU()]), ("ELU", [nn.ELU()]), ("Tanh", [nn.Tanh()]), ("Softplus", [nn.Softplus()]),
    ("GELU", [nn.GELU()]), ("SiLU", [nn.SiLU()]), ("SELU", [nn.SELU()]), ("Mish", [nn.Mish()]),
    ("ReLU after LayerNorm", [nn.LayerNorm(16), nn.ReLU()]), ("ReLU after BatchNorm", [nn.BatchNorm1d(16), nn.ReLU()]),
):
    network = nn.Sequential(nn.Linear(6, 16), *parts, nn.Linear(16, 1), nn.Flatten(0)).eval()
    difference = (network(events) - network(baseline)).detach()
    inputs = events.clone().requires_grad_()
    slope = torch.autograd.grad(network(inputs).sum(), inputs)[0]
    line = []
    for method in (DeepLift, IntegratedGradients):
        options = {"n_steps": 400} if method is IntegratedGradients else {}
        found = method(network).attribute(events, baselines=baseline, **options).detach()
        off = ((found.sum(dim=1) - difference).abs().max() / difference.abs().max()).item()
        line.append(f"{method.__name__} sums off by {word(off)}")
        if method is DeepLift:
            line.append(f"is distance times gradient: {torch.allclose(found, (events - baseline) * slope, atol=1e-5)}")
    print(f"{name}:", ", ".join(line))
END
cat seen
diff expected seen || { echo "captum-deeplift-of-gelu-does-not-add-up: the behaviour has changed" >&2; exit 1; }
