"""The masked autoencoder over the objects of one event, with a classifier on its bottleneck.

Read in this order: :meth:`ParticleAutoencoder.forward`, then what it calls, top to bottom.
Shape legend, beside that of :mod:`higgs_lightning.shapes`: Q = 7 quantities of an object, D width of a
token, H heads, N objects that the encoder sees, the detector's own missing energy being one more than O, and
T = 1 + N tokens of an event, of which the class token is the first. Between the embedding and the
reconstructor tokens come first and events second; a bias has its events last, see
:class:`~higgs_lightning.models.layers.Block`.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from higgs_lightning import kinematics, schema
from higgs_lightning.constants import Choice, Constant
from higgs_lightning.kinematics import Objects
from higgs_lightning.masking import hidden_or_missing
from higgs_lightning.models.base import Model, Output, Reconstruction, with_masked
from higgs_lightning.models.layers import Block, Gelu, ScoreLayer
from higgs_lightning.shapes import Features, ObjectMask, PerEvent, PerObject

# log pT, eta, cos phi, sin phi, then the b-tag level as one of three classes
_LOG_PT, _ETA, _ANGLE, _BTAG = 0, 1, slice(2, 4), slice(4, 4 + schema.NUM_BTAG_LEVELS)
_NUM_QUANTITIES = _BTAG.stop
_REFERENCE_PT = 50.0  # GeV: the scale of HIGGS' objects, so that log(pT / reference) is near 0
_SMALLEST_PT = 1.0  # GeV: below it a transverse momentum is noise, and its logarithm would run away
_PAIRS = Constant(torch.tensor(kinematics.PAIRS))
# the pair of objects of each two tokens, by the number of tokens; none where one is the class token
_pair_of_tokens = torch.full(2 * (2 + schema.NUM_OBJECTS,), -1)
for _position, (_i, _j) in enumerate(kinematics.PAIRS):
    _pair_of_tokens[1 + _i, 1 + _j] = _pair_of_tokens[1 + _j, 1 + _i] = _position
_PAIR_OF_TOKENS = {
    n: Choice(_pair_of_tokens[:n, :n].flatten(), n * (n - 1) // 2)
    for n in (1 + schema.NUM_OBJECTS, 2 + schema.NUM_OBJECTS)
}


class ParticleAutoencoder(Model):
    """A token an object, attention within one event, so that a score never depends on batch mates.

    Azimuth is measured from the event's first visible object (the lepton, unless it is hidden), which makes
    the score exactly invariant under rotations about the beam. Pairwise invariants (masses, distances) bias
    the attention, as in the Particle Transformer (H. Qu, C. Li and S. Qian, ICML 2022). Hidden objects are
    replaced by a learned mask token before the encoder, as in BERT, and their pairs lose their bias.

    Once trained, the score of whole events is the mean logit over their mirror images, see
    :func:`~higgs_lightning.kinematics.mirrored`, so that it is exactly as symmetric as the physics.

    Args:
        num_layers: encoder blocks.
        num_heads: attention heads; must divide ``dim``.
        latent_dim: width of the bottleneck.
        dropout: dropout after attention and feed-forward and before the classifier.
        dim: width of a token.
        decoder_layers: decoder blocks.
        average_mirrors: take that mean; without it scores take a third of the time.
        detector_missing_energy: look at :func:`~higgs_lightning.kinematics.detector_missing_energy` as at a
            seventh object, which is hidden as soon as one of the six is. (False, as weights were trained
            before there was a choice.)

    Raises:
        ValueError: ``num_heads`` does not divide ``dim``.
    """

    least_sizes: ClassVar[Mapping[str, int]] = {"decoder_layers": 0}

    def __init__(
        self,
        num_layers: int = 3,
        num_heads: int = 4,
        latent_dim: int = 32,
        dropout: float = 0.0,
        dim: int = 64,
        decoder_layers: int = 1,
        average_mirrors: bool = True,
        detector_missing_energy: bool = False,
    ) -> None:
        if dim % num_heads:
            raise ValueError(f"num_heads={num_heads} does not divide dim={dim}")
        super().__init__()
        self.average_mirrors = average_mirrors
        self.detector_missing_energy = detector_missing_energy
        self.embedding = PerObjectLinear(_NUM_QUANTITIES, dim, detector_missing_energy)
        self.slot = nn.Parameter(0.02 * torch.randn(schema.NUM_OBJECTS + detector_missing_energy, dim))
        self.mask_token = nn.Parameter(0.02 * torch.randn(dim))
        self.class_token = nn.Parameter(0.02 * torch.randn(dim))
        self.pair_bias = nn.Sequential(
            nn.Linear(len(kinematics.PAIR_INVARIANTS), 32), Gelu(), nn.Linear(32, num_heads)
        )
        self.encoder = nn.ModuleList(Block(dim, num_heads, dropout) for _ in range(num_layers))
        self.encoder_norm = nn.LayerNorm(dim)
        self.bottleneck = nn.Linear(dim, latent_dim)
        self.classifier = nn.Sequential(nn.GELU(), nn.Dropout(dropout), ScoreLayer(latent_dim))
        self.decoder = nn.ModuleList(Block(dim, num_heads, dropout) for _ in range(decoder_layers))
        self.decoder_norm = nn.LayerNorm(dim)
        self.reconstructor = PerObjectLinear(dim, _NUM_QUANTITIES)

    def look_once(self) -> None:
        self.average_mirrors = False

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        one_look = self.training or hidden is not None or not self.average_mirrors
        objects, hidden = self.seen(features, hidden)
        bias = self.attention_bias(objects, hidden)  # the same for every mirror image
        output = self.look(objects, hidden, bias)
        if not one_look:  # of the mirror images, nothing but the class token is wanted
            mirrors = [
                objects._replace(eta=eta * objects.eta, phi=phi * objects.phi)
                for eta, phi in ((-1, 1), (1, -1), (-1, -1))
            ]
            encoded = [self.encode(mirror, hidden, bias, 1) for mirror in mirrors]
            logits = [output.logits, *(self.score(self.bottleneck(each)) for each in encoded)]
            output = output._replace(logits=torch.stack(logits).mean(dim=0))
        return output._replace(logits=output.logits.to(features))  # mixed precision ends here

    def whole_and_masked(self, features: Features, hidden: Bool[Tensor, "M O=6"]) -> tuple[Output, Output]:
        """As :meth:`Model.whole_and_masked`; of whole events the last block makes the class token alone."""
        sizes = len(features), len(hidden)
        objects, hidden = self.seen(*with_masked(features, hidden))
        rows = self.encode(objects, hidden, self.attention_bias(objects, hidden), 1, num_full=sizes[1])
        class_tokens, of_objects = rows.split([sum(sizes), len(rows) - sum(sizes)])
        latent = self.bottleneck(class_tokens)
        logits = self.score(latent).to(features)
        encoded = of_objects.view(hidden.shape[1], sizes[1], rows.shape[1])[: schema.NUM_OBJECTS]
        (whole, latent_of_whole), masked = zip(logits.split(sizes), latent.split(sizes), strict=True)
        nothing = latent.new_empty(len(features), 0)
        return Output(whole, latent_of_whole, nothing), Output(*masked, encoded.transpose(0, 1))

    def seen(self, features: Features, hidden: ObjectMask | None) -> tuple[Objects, Bool[Tensor, "B N"]]:
        """What the encoder may see of events, and what is hidden of it."""
        objects, hidden, _ = self.view(features, hidden)
        if self.detector_missing_energy:
            objects = joined(objects, kinematics.detector_missing_energy(objects))
            hidden = torch.cat([hidden, hidden.any(dim=1, keepdim=True)], dim=1)
        return blank(objects, hidden), hidden

    def look(self, objects: Objects, hidden: Bool[Tensor, "B N"], bias: Float[Tensor, "H T T B"]) -> Output:
        """Score events as they are, without their mirror images."""
        rows = self.encode(objects, hidden, bias, 1 + hidden.shape[1])
        encoded = rows.view(1 + hidden.shape[1], hidden.shape[0], rows.shape[1])
        latent = self.bottleneck(encoded[0])
        of_objects = encoded[1 : 1 + schema.NUM_OBJECTS]
        return Output(self.score(latent), latent, of_objects.transpose(0, 1))

    def score(self, latent: Float[Tensor, "B L"]) -> PerEvent:
        """The logits by the bottleneck."""
        logits: Tensor = self.classifier(latent).squeeze(1)
        return logits

    @torch.inference_mode()
    def attention(self, features: Features) -> Float[Tensor, "B O=6 O=6"]:
        """How much each object asks each of the others of an event: the mean over blocks and heads."""
        objects, hidden = self.seen(features, None)
        bias = self.attention_bias(objects, hidden)
        x, weights = self.tokens(objects, hidden), []
        for block in self.encoder:
            weights.append(block.attention(x, bias).mean(dim=0))  # type: ignore[operator]
            x = block(x, bias)
        of_tokens = torch.stack(weights).mean(dim=0).permute(2, 0, 1)
        of_objects = slice(1, 1 + schema.NUM_OBJECTS)
        return of_tokens[:, of_objects, of_objects]

    def reconstruct(
        self, encoded: Float[Tensor, "B O=6 D"], features: Features, hidden: ObjectMask | None = None
    ) -> Reconstruction:
        objects, _, origin = self.view(features, hidden)
        decoded = self.decode(encoded).to(features)
        reconstructed = to_objects(decoded)
        reconstructed = reconstructed._replace(phi=reconstructed.phi + origin)
        return Reconstruction(
            kinematics.to_features(reconstructed),
            feature_errors(decoded, objects),
            decoded[:, schema.FIRST_JET :, _BTAG].softmax(dim=-1),
        )

    def reconstruction_errors(
        self, encoded: Float[Tensor, "B O=6 D"], features: Features, hidden: ObjectMask | None = None
    ) -> Features:
        objects, _, _ = self.view(features, hidden)
        return feature_errors(self.decode(encoded).to(features), objects)

    def view(
        self, features: Features, hidden: ObjectMask | None
    ) -> tuple[Objects, ObjectMask, Float[Tensor, "B 1"]]:
        """The objects of events, all that is hidden of them, and the origin of azimuth in radians."""
        hidden = hidden_or_missing(features, hidden)
        objects = kinematics.to_objects(features.nan_to_num())
        origin = first_visible(objects.phi, hidden)
        return objects._replace(phi=kinematics.wrap(objects.phi - origin)), hidden, origin

    def encode(
        self,
        objects: Objects,
        hidden: Bool[Tensor, "B N"],
        bias: Float[Tensor, "H T T B"],
        num_tokens: int,
        num_full: int = 0,
    ) -> Float[Tensor, "R D"]:
        """Encode so many of the class token and the objects; of the last ``num_full`` events all of them.

        Returns:
            Tokens first and events second, see :meth:`~higgs_lightning.models.layers.Block.rows`.
        """
        x = self.tokens(objects, hidden)
        *blocks, last = self.encoder
        for block in blocks:
            x = block(x, bias)
        encoded: Tensor = self.encoder_norm(last.rows(x, bias, num_tokens, num_full))  # type: ignore[operator]
        return encoded

    def tokens(self, objects: Objects, hidden: Bool[Tensor, "B N"]) -> Float[Tensor, "T B D"]:
        """What enters the encoder."""
        tokens = self.embedding(quantities(objects).transpose(0, 1))
        tokens = torch.where(hidden.T[:, :, None], self.mask_token, tokens) + self.slot[:, None]
        return torch.cat([self.class_token.expand(1, tokens.shape[1], -1), tokens])

    def attention_bias(self, objects: Objects, hidden: Bool[Tensor, "B N"]) -> Float[Tensor, "H T T B"]:
        """Bias of each head's attention between two tokens.

        0 for the class token and for pairs with a hidden object.
        """
        bias = self.pair_bias(kinematics.pair_invariants(objects))
        unknown = hidden[:, _PAIRS.on(hidden)[: bias.shape[1]]].any(dim=2)
        bias = bias.masked_fill(unknown[:, :, None], 0.0)
        num_tokens = 1 + hidden.shape[1]
        of_tokens = _PAIR_OF_TOKENS[num_tokens].of(bias.permute(2, 1, 0))
        return of_tokens.view(bias.shape[2], num_tokens, num_tokens, bias.shape[0])

    def decode(self, encoded: Float[Tensor, "B O=6 D"]) -> Float[Tensor, "B O=6 Q=7"]:
        """Decode the encoded objects into their quantities."""
        tokens = encoded.transpose(0, 1)
        for block in self.decoder:
            tokens = block(tokens)
        decoded: Tensor = self.reconstructor(self.decoder_norm(tokens))
        return decoded.transpose(0, 1)


def joined(objects: Objects, more: Objects) -> Objects:
    """Objects and more of them, of the same events."""
    return Objects(*(torch.cat(each, dim=1) for each in zip(objects, more, strict=True)))


def first_visible(phi: PerObject, hidden: ObjectMask) -> Float[Tensor, "B 1"]:
    """Azimuth of the first object that is not hidden; 0 where all are."""
    return phi.masked_fill(hidden, 0.0).gather(1, hidden.long().argmin(dim=1, keepdim=True))


def blank(objects: Objects, hidden: Bool[Tensor, "B N"]) -> Objects:
    """Forget what hidden objects measured, so that no later step can use it."""
    return Objects(
        pt=objects.pt.masked_fill(hidden, _REFERENCE_PT),
        eta=objects.eta.masked_fill(hidden, 0.0),
        phi=objects.phi.masked_fill(hidden, 0.0),
        btag=objects.btag.masked_fill(hidden, 0),
    )


def quantities(objects: Objects) -> Float[Tensor, "B N Q=7"]:
    """Describe each object by the numbers that a token is made of."""
    kinematic = [_log_pt(objects), objects.eta, objects.phi.cos(), objects.phi.sin()]
    levels = torch.arange(schema.NUM_BTAG_LEVELS, device=objects.btag.device)
    btag = (objects.btag[..., None] == levels).to(objects.pt)  # one-hot, without a look at the values
    return torch.cat([torch.stack(kinematic, dim=-1), btag], dim=-1)


def to_objects(decoded: Float[Tensor, "B O=6 Q=7"]) -> Objects:
    """Read objects from decoded quantities; the b-tag is the most probable level."""
    cos, sin = decoded[..., _ANGLE].unbind(-1)
    return Objects(
        pt=decoded[..., _LOG_PT].clamp(max=10).exp() * _REFERENCE_PT,
        eta=decoded[..., _ETA],
        phi=torch.atan2(sin, cos),
        btag=decoded[..., _BTAG].argmax(dim=-1),
    )


def feature_errors(decoded: Float[Tensor, "B O=6 Q=7"], objects: Objects) -> Features:
    """Error of each feature of decoded quantities against the true objects.

    Squared error of log pT and of pseudorapidity; for azimuth the squared distance to the true direction on
    the unit circle, so that -pi and pi are the same place; for the b-tag the cross-entropy of its three
    levels, because a level between two others has no meaning.
    """
    truth = quantities(objects)
    squared = (decoded - truth).square()
    btag = F.cross_entropy(decoded[..., _BTAG].movedim(-1, 1), objects.btag, reduction="none")
    return kinematics.columns(
        squared[..., _LOG_PT], squared[..., _ETA], squared[..., _ANGLE].sum(dim=-1), btag
    )


def _log_pt(objects: Objects) -> Float[Tensor, "B N"]:
    return (objects.pt.clamp(min=_SMALLEST_PT) / _REFERENCE_PT).log()


class PerObjectLinear(nn.Module):
    """A linear map of each object's numbers, I to J of them: the four jets share theirs.

    Args:
        in_dim: I.
        out_dim: J.
        detector_missing_energy: that is an object too, the last one.
    """

    def __init__(self, in_dim: int, out_dim: int, detector_missing_energy: bool = False) -> None:
        super().__init__()
        self.detector_missing_energy = nn.Linear(in_dim, out_dim) if detector_missing_energy else None
        self.lepton = nn.Linear(in_dim, out_dim)
        self.missing_energy = nn.Linear(in_dim, out_dim)
        self.jet = nn.Linear(in_dim, out_dim)

    def forward(self, x: Float[Tensor, "N B I"]) -> Float[Tensor, "N B J"]:
        layers = [self.lepton, self.missing_energy, *(schema.NUM_OBJECTS - schema.FIRST_JET) * [self.jet]]
        if self.detector_missing_energy is not None:
            layers.append(self.detector_missing_energy)
        weights = torch.stack([layer.weight for layer in layers])
        biases = torch.stack([layer.bias for layer in layers])
        return torch.baddbmm(biases[:, None], x, weights.transpose(1, 2))
