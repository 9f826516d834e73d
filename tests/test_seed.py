"""The original network: its published weights, and the same numbers as plain torch modules."""

import pytest
import torch
from conftest import SHARED
from torch import nn

from higgs_lightning import masking
from higgs_lightning.models import TransformerAutoencoderClassifier


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
