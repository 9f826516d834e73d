#!/usr/bin/env bash
# An event all of whose objects are masked is finite for a PyTorch transformer in training and NaN, or 0, afterwards.
#
# Guessed: attention with nothing to attend to gives 0 (scaled_dot_product_attention does since 2.5), or NaN,
# and train() and eval() differ by dropout alone, which is 0 here.
# What happens: TransformerEncoder, asked for what src_key_padding_mask leaves, is finite in training; after eval()
# such an event is NaN with enable_nested_tensor=False and exactly 0, without residual and norm, with the default.
# MultiheadAttention is NaN in training if need_weights is left at True and 0 if it is False; after eval() NaN in
# both. With gradients switched on, eval() is as training. Events with one object or more are the same in all.
# Why it matters: an event with no jets that pass the cuts is such an event. The loss falls without a warning, and in
# validation, under no_grad, its mean is NaN; or the network is trained on one output and used with another. Give
# each event a token that is never masked.
#
# Versions: torch==2.13.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> encoder: event without jets: training finite, eval finite, eval and no_grad 0; event with three jets the same in all: True
#> encoder, not nested: event without jets: training finite, eval finite, eval and no_grad NaN; event with three jets the same in all: True
#> attention: event without jets: training NaN, eval NaN, eval and no_grad NaN; event with three jets the same in all: True
#> attention, no weights: event without jets: training 0, eval 0, eval and no_grad NaN; event with three jets the same in all: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: torch==2.13.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import torch
from torch.nn import MultiheadAttention, TransformerEncoder, TransformerEncoderLayer

torch.manual_seed(0)
jets = torch.randn(2, 5, 16)
absent = torch.tensor([[False, False, False, True, True], [True] * 5])


def word(values):
    if values.isnan().all():
        return "NaN"
    return "0" if (values == 0).all() else "finite" if values.isfinite().all() else "partly NaN"


layer = TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
attention = MultiheadAttention(16, 4, batch_first=True)
for name, module, call in (
    ("encoder", TransformerEncoder(layer, 2), lambda m: m(jets, src_key_padding_mask=absent)),
    ("encoder, not nested", TransformerEncoder(layer, 2, enable_nested_tensor=False),
     lambda m: m(jets, src_key_padding_mask=absent)),
    ("attention", attention, lambda m: m(jets, jets, jets, key_padding_mask=absent)[0]),
    ("attention, no weights", attention, lambda m: m(jets, jets, jets, key_padding_mask=absent, need_weights=False)[0]),
):
    training = call(module.train())
    with_gradients = call(module.eval())
    with torch.no_grad():
        used = call(module)
    same = all(torch.allclose(training[0, :3], each[0, :3], atol=1e-5) for each in (with_gradients, used))
    print(f"{name}: event without jets: training {word(training[1])}, eval {word(with_gradients[1])}, "
          f"eval and no_grad {word(used[1])}; event with three jets the same in all: {same}")
END
cat seen
diff expected seen || { echo "torch-attention-to-nothing-depends-on-the-mode: the behaviour has changed" >&2; exit 1; }
