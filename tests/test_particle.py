"""The particle model: independence of batch mates, symmetry, and a mask that leaks nothing."""

import math

import pytest
import torch
from torch import Tensor

from higgs_lightning import kinematics, masking, schema
from higgs_lightning.models import ParticleAutoencoder
from higgs_lightning.models.layers import Block
from higgs_lightning.models.particle import feature_errors, joined, quantities


@pytest.fixture(params=[True, False], ids=["with detector's missing energy", "six objects"])
def model(request: pytest.FixtureRequest) -> ParticleAutoencoder:
    torch.manual_seed(0)
    model = ParticleAutoencoder(num_layers=2, dim=32, latent_dim=8, detector_missing_energy=request.param)
    model.eval()
    # away from the small initial values, so that a leak would show
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model.requires_grad_(False)


def test_shapes(model, features):
    output = model(features)
    assert output.logits.shape == (256,)
    assert output.latent.shape == (256, 8)
    decoded = model.reconstruct(output.encoded, features)
    assert decoded.features.shape == decoded.errors.shape == (256, 21)
    assert all(field.isfinite().all() for field in (*output, *decoded))


def test_a_score_does_not_depend_on_batch_mates(model, features):
    together = model(features).logits
    shuffled = torch.randperm(len(features))
    torch.testing.assert_close(model(features[shuffled]).logits, together[shuffled])
    alone = torch.cat([model(features[i : i + 1]).logits for i in range(16)])
    torch.testing.assert_close(alone, together[:16])
    assert together.std() > 0.01


def test_hidden_objects_carry_no_information(model, features, generator):
    """Whatever a hidden object measured, the encoder, the score and the reconstruction stay the same."""
    hidden = masking.hide_objects(len(features), 0.5, generator)
    noise = features.roll(1, dims=0) * 1.3
    changed = torch.where(masking.hidden_features(hidden), noise, features)
    before, after = model(features, hidden), model(changed, hidden)
    assert torch.equal(before.logits, after.logits)
    assert torch.equal(before.latent, after.latent)
    decoded = (
        model.reconstruct(output.encoded, events, hidden).features
        for output, events in ((before, features), (after, changed))
    )
    assert torch.equal(*decoded)


def test_hidden_objects_may_hold_anything(model, features, generator):
    hidden = masking.hide_objects(len(features), 0.5, generator)
    broken = features.masked_fill(masking.hidden_features(hidden), math.inf)
    torch.testing.assert_close(model(broken, hidden).logits, model(features, hidden).logits)


def test_missing_objects_are_hidden(model, features, generator):
    """A NaN says that its object was not measured; with all missing there is still a score."""
    hidden = masking.hide_objects(len(features), 0.5, generator)
    missing = features.masked_fill(masking.hidden_features(hidden), math.nan)
    torch.testing.assert_close(one_look(model, missing), model(features, hidden).logits)
    decoded = model.reconstruct(model(missing).encoded, missing)
    expected = model.reconstruct(model(features, hidden).encoded, features, hidden)
    torch.testing.assert_close(decoded.features, expected.features)
    nothing = torch.full((1, 21), math.nan)
    assert model(nothing).logits.isfinite().all()
    nobody = torch.ones(len(features), 6, dtype=torch.bool)
    expected = one_look(model, nothing).expand(256)
    torch.testing.assert_close(model(features, nobody).logits, expected)


@pytest.mark.parametrize(("num_wanted", "num_full"), [(7, 0), (1, 0), (3, 0), (1, 20), (1, 50)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_a_block_makes_no_more_than_is_wanted_of_it(generator, num_wanted, num_full, has_bias):
    """With gradients, which are those of the block as a whole, and without."""
    block = Block(32, 4, dropout=0.1).double().eval()
    x = torch.randn(7, 50, 32, generator=generator, dtype=torch.double)
    bias = torch.randn(4, 7, 7, 50, generator=generator, dtype=torch.double) if has_bias else None
    learned = [*block.parameters(), *([] if bias is None else [bias.requires_grad_()])]
    others, full = block(x, bias).split([50 - num_full, num_full], dim=1)
    expected = torch.cat([others[:num_wanted].flatten(0, 1), full.flatten(0, 1)])
    rows = block.rows(x, bias, num_wanted, num_full)
    torch.testing.assert_close(rows, expected)
    slopes = torch.randn(expected.shape, generator=generator, dtype=torch.double)
    found, right = (torch.autograd.grad((each * slopes).sum(), learned) for each in (rows, expected))
    torch.testing.assert_close(found, right)
    with torch.no_grad():
        torch.testing.assert_close(block.rows(x, bias, num_wanted, num_full), expected)
        none = block.rows(x[:, :0], None if bias is None else bias[..., :0], num_wanted)
    assert none.shape == (0, 32)


@pytest.mark.parametrize("num_masked", [0, 1, 60, 256])
@pytest.mark.parametrize("detector_missing_energy", [False, True])
def test_whole_and_masked_events_in_one_pass(features, generator, detector_missing_energy, num_masked):
    """They are scored, encoded and learned from as one by one."""
    options = {"num_layers": 2, "dim": 16, "detector_missing_energy": detector_missing_energy}
    model = ParticleAutoencoder(**options).double().train()
    features = features.double()
    features[3, 5:9] = math.nan  # its second jet is missing
    hidden = masking.hide_objects(num_masked, 0.33, generator)
    whole, masked = model.whole_and_masked(features, hidden)
    expected, of_masked = model(features), model(features[:num_masked], hidden)
    torch.testing.assert_close(whole[:2], expected[:2])
    torch.testing.assert_close(masked, of_masked)
    losses = [
        (each.logits.square().sum() + other.logits.sum() + other.encoded.square().sum())
        for each, other in ((whole, masked), (expected, of_masked))
    ]
    learned = [
        weight for name, weight in model.named_parameters() if "decode" not in name and "recon" not in name
    ]
    found, right = (torch.autograd.grad(loss, learned) for loss in losses)
    torch.testing.assert_close(found, right)


def test_no_events(model):
    nothing = torch.zeros(0, 21)
    output = model(nothing)
    assert output.logits.shape == (0,)
    assert model.reconstruct(output.encoded, nothing).errors.shape == (0, 21)


def test_mixed_precision(model, features):
    with torch.autocast("cpu", torch.bfloat16):
        output = model(features)
        decoded = model.reconstruct(output.encoded, features)
    assert output.logits.dtype == decoded.features.dtype == decoded.errors.dtype == torch.float32
    torch.testing.assert_close(output.logits, model(features).logits, atol=0.2, rtol=0.1)


def test_mixed_precision_holds_between_products_too(generator):
    """Tokens pass from block to block in it; gradients of weights are in full precision."""
    block = Block(32, 4, dropout=0.0)
    x = torch.randn(7, 50, 32, generator=generator)
    bias = torch.randn(4, 7, 7, 50, generator=generator)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = block(x, bias)
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed.float(), block(x, bias), atol=0.05, rtol=0.02)
    mixed.float().square().sum().backward()
    gradients = [weight.grad for weight in block.parameters()]
    assert all(gradient is not None and gradient.dtype == torch.float32 for gradient in gradients)


def test_visible_objects_do_carry_information(model, features, generator):
    hidden = masking.hide_objects(len(features), 0.5, generator)
    changed = torch.where(masking.hidden_features(hidden), features, features * 0.9)
    assert (model(features, hidden).logits != model(changed, hidden).logits).float().mean() > 0.9


def one_look(model: ParticleAutoencoder, features: Tensor) -> Tensor:
    """Logits with a mask that hides nothing: the mean over mirror images is for events without a mask."""
    return model(features, torch.zeros(len(features), schema.NUM_OBJECTS, dtype=torch.bool)).logits


@pytest.mark.parametrize("angle", [0.1, 1.0, 3.0])
def test_score_is_invariant_under_rotation_about_the_beam(model, features, angle):
    objects = kinematics.to_objects(features.double())
    rotated = kinematics.to_features(objects._replace(phi=objects.phi + angle))
    model = model.double()
    torch.testing.assert_close(model(rotated).logits, model(features.double()).logits)

    def azimuth_of_decoded(events: Tensor) -> Tensor:
        return kinematics.to_objects(model.reconstruct(model(events).encoded, events).features).phi

    turned = azimuth_of_decoded(rotated)
    expected = azimuth_of_decoded(features.double()) + angle
    torch.testing.assert_close(turned.cos(), expected.cos())
    torch.testing.assert_close(turned.sin(), expected.sin())


def test_score_is_invariant_under_reflections(model, features):
    logits = model(features).logits
    for signs in ((-1, 1), (1, -1), (-1, -1)):
        mirror = kinematics.mirrored(features, *signs)
        torch.testing.assert_close(model(mirror).logits, logits)
        assert (one_look(model, mirror) - one_look(model, features)).abs().max() > 1e-3
    model.average_mirrors = False
    assert torch.equal(model(features).logits, one_look(model, features))


def test_jets_share_their_embedding(model, features):
    """Two jets with the same numbers differ by their slot alone."""
    objects = kinematics.to_objects(features)
    same = [objects.pt, objects.eta, objects.phi, objects.btag]
    for field in same:
        field[:, 3] = field[:, 2]
    objects = kinematics.Objects(*same)
    if model.detector_missing_energy:
        objects = joined(objects, kinematics.detector_missing_energy(objects))
    tokens = model.embedding(quantities(objects).transpose(0, 1))
    assert torch.equal(tokens[2], tokens[3])
    assert not torch.equal(model.slot[2], model.slot[3])


def perfect(objects: kinematics.Objects) -> Tensor:
    """What a decoder must say to be right about everything."""
    decoded = quantities(objects)
    decoded[..., 4:] = 50 * decoded[..., 4:]
    return decoded


def test_a_perfect_reconstruction_has_no_error(features):
    objects = kinematics.to_objects(features)
    assert feature_errors(perfect(objects), objects).abs().max() < 1e-6


def test_azimuth_error_is_periodic(features):
    objects = kinematics.to_objects(features)
    turned = perfect(objects._replace(phi=objects.phi + 2 * math.pi))
    assert feature_errors(turned, objects).abs().max() < 1e-4
    opposite = perfect(objects._replace(phi=objects.phi + math.pi))
    errors = feature_errors(opposite, objects)[:, schema.columns("phi")]
    torch.testing.assert_close(errors, torch.full_like(errors, 4.0), atol=1e-4, rtol=0)


def test_feature_errors_land_on_their_feature(features):
    objects = kinematics.to_objects(features)
    decoded = perfect(objects)
    decoded[:, 4, 1] += 0.5  # pseudorapidity of jet 3
    errors = feature_errors(decoded, objects)
    (wrong,) = errors.mean(dim=0).gt(1e-3).nonzero().T.tolist()
    assert [schema.LOW_LEVEL[i].name for i in wrong] == ["jet_3_eta"]
    assert errors[:, wrong[0]].mean() == pytest.approx(0.25)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="num_heads=3 does not divide dim=64"):
        ParticleAutoencoder(num_heads=3)
