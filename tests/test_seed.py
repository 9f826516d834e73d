"""The original network: its published weights, and the same numbers as plain torch modules."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import SHARED, composed
from torch import nn

from higgs_lightning import masking
from higgs_lightning.errors import UserError
from higgs_lightning.models import TransformerAutoencoderClassifier
from higgs_lightning.models.weights import load_model
from higgs_lightning.training.testing import evaluate


@pytest.mark.skipif(not SHARED.exists(), reason="needs the published weights")
def test_published_weights_load_strictly():
    weights = torch.load(SHARED / "seed" / "seed_weights_2layer.pth", weights_only=True, map_location="cpu")
    model = TransformerAutoencoderClassifier(num_layers=2)
    model.load_state_dict(weights, strict=True)


@pytest.mark.parametrize("num_layers", [2, 3])
def test_same_outputs_as_plain_torch_modules(num_layers, features):
    torch.manual_seed(0)
    model = TransformerAutoencoderClassifier(num_layers).eval()
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(21, 3), num_layers, enable_nested_tensor=False)
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(21, 3), num_layers)
    encoder.load_state_dict(model.encoder.state_dict())
    decoder.load_state_dict(model.decoder.state_dict())
    encoder.eval()
    decoder.eval()
    encoded = encoder(features)
    latent = encoded @ model.bottleneck.weight.T + model.bottleneck.bias
    logits = (latent @ model.classifier.weight.T + model.classifier.bias).squeeze(1)
    causal = torch.full((256, 256), float("-inf")).triu(1)
    reconstruction = decoder(features, encoded, tgt_mask=causal)

    output = model(features)
    torch.testing.assert_close(output.latent, latent, atol=1e-6, rtol=0)
    torch.testing.assert_close(output.logits, logits, atol=1e-6, rtol=0)
    decoded = model.reconstruct(output.encoded, features)
    torch.testing.assert_close(decoded.features, reconstruction, atol=2e-6, rtol=0)
    torch.testing.assert_close(decoded.errors, (reconstruction - features).square(), atol=1e-4, rtol=1e-4)


def test_a_score_depends_on_batch_mates(features):
    """What sets this model apart, and why it warns."""
    model = TransformerAutoencoderClassifier(num_layers=2).eval()
    assert model.mixes_events
    assert (model(features).logits[:64] - model(features[:64]).logits).abs().max() > 1e-3


def test_z_scores_enter_and_units_come_out(features):
    model = TransformerAutoencoderClassifier(num_layers=1, standardize=True).eval()
    plain = TransformerAutoencoderClassifier(num_layers=1).eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("standardize")})
    assert model.standardize is not None
    mean, std = features.mean(dim=0), features.std(dim=0)
    model.standardize.fit(mean, std)
    z = (features - mean) / std
    output, expected = model(features), plain(z)
    torch.testing.assert_close(output.logits, expected.logits)
    decoded, expected_z = model.reconstruct(output.encoded, features), plain.reconstruct(expected.encoded, z)
    torch.testing.assert_close(decoded.features, expected_z.features * std + mean)
    torch.testing.assert_close(decoded.errors, expected_z.errors)


def test_hidden_objects_carry_no_information(features, generator):
    model = TransformerAutoencoderClassifier(num_layers=1, standardize=True).eval()
    hidden = masking.hide_objects(len(features), 0.5, generator)
    changed = torch.where(masking.hidden_features(hidden), features + 1, features)
    assert torch.equal(model(features, hidden).logits, model(changed, hidden).logits)


# a file of weights alone ------------------------------------------------------------------------------------

OPTIONS = ["model=seed", "model.num_layers=1", "model.latent_dim=8", "model.standardize=false"]


def alone(path: Path, changed: dict[Any, Any] | None = None) -> Path:
    torch.manual_seed(1)
    weights = TransformerAutoencoderClassifier(1, latent_dim=8).state_dict()
    torch.save({**weights, **(changed or {})}, path)
    return path


@pytest.mark.usefixtures("without_plots")
def test_weights_alone_are_evaluated(higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "data.batch_size=300"]
    path = alone(tmp_path / "weights.pth")
    cfg = composed(f"ckpt={path}", *OPTIONS, *data, "trainer.enable_progress_bar=false", name="evaluate")
    metrics = evaluate(cfg, tmp_path / "out")
    assert 0.3 < metrics["test/auc"] < 0.7
    assert metrics["test/events_trained_on"] is None
    assert "num_layers: 1" in (tmp_path / "out" / "config.yaml").read_text()


def test_weights_alone_are_the_file_s(features: torch.Tensor, tmp_path: Path):
    path = alone(tmp_path / "weights.pth")
    expected = TransformerAutoencoderClassifier(1, latent_dim=8).eval()
    expected.load_state_dict(torch.load(path, weights_only=True))
    model = load_model(path, model=composed(*OPTIONS, name="evaluate").model)
    torch.testing.assert_close(model(features).logits, expected(features).logits)


@pytest.mark.parametrize(
    ("changed", "options", "says"),
    [
        ({}, ["model.num_layers=2"], "has no encoder.layers.1.self_attn.in_proj_weight, unlike"),
        ({}, ["model.standardize=true"], "has no standardize.mean, unlike"),
        ({}, ["model.latent_dim=4096"], "has another bottleneck.weight, unlike"),
        ({}, ["model.latent_dim=1000000000"], "model.latent_dim=1000000000: give a whole number"),
        ({}, ["model.depth=2"], "model.depth is no option"),
        ({}, ["model._target_=builtins.int"], "builtins.int is no subclass"),
        ({"more": torch.ones(1)}, [], "has a more, unlike"),
        ({3: torch.ones(1)}, [], "has a 3, unlike"),
        ({"classifier.bias": torch.tensor([float("nan")])}, [], "weights classifier.bias are not finite"),
        (
            {"classifier.weight": torch.ones(1, 1).expand(9, 10**6)},
            [],
            "has another classifier.weight|more than",
        ),
        ({"classifier.bias": [1.0]}, [], "holds a list as classifier.bias, not weights alone"),
        ({"classifier.bias": Path("a")}, [], "not tensors and plain data"),
        ({"config": {}, "state_dict": {}}, [], "says itself what model it holds"),
    ],
)
def test_weights_alone_that_do_not_fit(changed: Any, options: list[str], says: str, tmp_path: Path):
    path = alone(tmp_path / "weights.pth", changed)
    plus = ["+" + each if each.startswith("model.depth") else each for each in options]
    with pytest.raises(UserError, match=says):
        load_model(path, model=composed(*OPTIONS, *plus, name="evaluate").model)


def test_a_model_is_said_of_weights_alone():
    with pytest.raises(UserError, match="says itself what model it holds, or holds no weights: leave model="):
        load_model("pretrained", model={"_target_": "higgs_lightning.models.DeepNetwork"})


def test_weights_alone_need_a_model(tmp_path: Path):
    with pytest.raises(UserError, match=re.escape("tell evaluate the model, as in model=seed")):
        load_model(alone(tmp_path / "weights.pth"))
