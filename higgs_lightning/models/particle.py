"""The masked autoencoder over the objects of one event, with a classifier on its bottleneck.

Read in this order: :meth:`ParticleAutoencoder.forward`, then what it calls, top to bottom.
Shape legend: B events, O = 6 objects, C = 7 candidates, T = O + C particles, D width, H heads.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from higgs_lightning import kinematics, schema
from higgs_lightning.kinematics import Momenta, Objects
from higgs_lightning.masking import missing_objects
from higgs_lightning.models.model import Model, Output, Reconstruction

# what a token is made of: log pT, |eta|, and the b-tag level as one of three classes
_NUM_QUANTITIES = 2 + schema.NUM_BTAG_LEVELS
_NUM_CANDIDATE_QUANTITIES = _NUM_QUANTITIES + 1  # and the mass
# what is decoded: log pT, eta, cos phi, sin phi, and the b-tag
_LOG_PT, _ETA, _ANGLE, _BTAG = 0, 1, slice(2, 4), slice(4, 4 + schema.NUM_BTAG_LEVELS)
# which kind an object is of: lepton, missing energy or jet; and a candidate: leptonic W boson or pair of jets
_KIND = [min(o, schema.FIRST_JET) for o in range(schema.NUM_OBJECTS)]
_CANDIDATE_KIND = [min(c, 1) for c in range(len(kinematics.CANDIDATES))]
_REFERENCE_PT = 50.0  # GeV: the scale of HIGGS' objects, so that log(pT / reference) is near 0
_REFERENCE_MASS = 80.0  # GeV: that of their pairs
_SMALLEST = 1.0  # GeV: below it a momentum or a mass is noise, and its logarithm would run away


class PairTerms(NamedTuple):
    """What pairs of tokens add to attention; 0 for pairs with the class token or a hidden object.

    Attributes:
        bias: (B, H, 1 + T, 1 + T), added to the attention scores of each head.
        values: (B, 1 + T, 1 + T, D / H), added to the values of each head.
    """

    bias: Tensor
    values: Tensor


class ParticleAutoencoder(Model):
    """A token an object, attention within one event, so that a score never depends on batch mates.

    Directions enter as invariants of pairs of objects alone (masses, distances), which add to the scores of
    the attention, as in the Particle Transformer (H. Qu, C. Li and S. Qian, ICML 2022), and to its values.
    So the score is exactly as symmetric as the physics: under rotations about the beam and under reflections,
    and jets may come in any order.
    The decoder turns with the event: the directions it says are sums of the visible objects' directions, with
    weights from their tokens. It alone is told which jet is the first.

    Hidden objects are replaced by a learned mask token of their kind before the encoder, as in BERT, and
    their pairs add nothing.

    With ``candidates``, the leptonic W boson and each pair of jets are tokens too, with a mass, and pairs
    with them have invariants as well: so the masses of three and four objects (a top quark, a charged Higgs
    boson) are among them. What a hidden object may be part of is hidden with it.

    Args:
        num_layers: encoder blocks.
        num_heads: attention heads; must divide ``dim``.
        latent_dim: width of the bottleneck.
        dropout: dropout after attention and feed-forward and before the classifier.
        dim: width of a token.
        decoder_layers: decoder blocks.
        candidates: attend to the pairs of :data:`~higgs_lightning.kinematics.CANDIDATES` too; a step then
            takes 2.3 times as long.

    Raises:
        ValueError: ``num_heads`` does not divide ``dim``.
    """

    pair_of: Tensor

    def __init__(
        self,
        num_layers: int = 3,
        num_heads: int = 4,
        latent_dim: int = 32,
        dropout: float = 0.0,
        dim: int = 64,
        decoder_layers: int = 1,
        candidates: bool = True,
    ) -> None:
        if dim % num_heads:
            raise ValueError(f"num_heads={num_heads} does not divide dim={dim}")
        super().__init__()
        self.num_heads = num_heads
        self.embedding = PerObjectLinear(_NUM_QUANTITIES, dim)
        self.candidate_embedding = PerCandidateLinear(_NUM_CANDIDATE_QUANTITIES, dim) if candidates else None
        num_particles = schema.NUM_OBJECTS + (len(kinematics.CANDIDATES) if candidates else 0)
        self.register_buffer("pair_of", kinematics.pair_of(num_particles), persistent=False)
        self.mask_token = nn.Parameter(0.02 * torch.randn(len(set(_KIND)), dim))
        self.candidate_mask_token = (
            nn.Parameter(0.02 * torch.randn(len(set(_CANDIDATE_KIND)), dim)) if candidates else None
        )
        self.class_token = nn.Parameter(0.02 * torch.randn(dim))
        self.pair_embedding = nn.Sequential(
            nn.Linear(len(kinematics.PAIR_INVARIANTS), 32),
            nn.GELU(),
            nn.Linear(32, num_heads + dim // num_heads),
        )
        self.encoder = nn.ModuleList(Block(dim, num_heads, dropout) for _ in range(num_layers))
        self.encoder_norm = nn.LayerNorm(dim)
        self.bottleneck = nn.Linear(dim, latent_dim)
        self.classifier = nn.Sequential(nn.GELU(), nn.Dropout(dropout), nn.Linear(latent_dim, 1))
        self.place = nn.Parameter(0.02 * torch.randn(schema.NUM_OBJECTS, dim))
        self.decoder = nn.ModuleList(Block(dim, num_heads, dropout) for _ in range(decoder_layers))
        self.decoder_norm = nn.LayerNorm(dim)
        self.reconstructor = PerObjectLinear(dim, 1 + schema.NUM_BTAG_LEVELS)
        self.direction = nn.Linear(dim, 4 * dim // num_heads)

    def forward(self, features: Tensor, hidden: Tensor | None = None) -> Output:
        objects, hidden = self.view(features, hidden)
        encoded = self.encode(objects, hidden)  # (B, 1 + T, D)
        latent = self.bottleneck(encoded[:, 0])
        logits = self.classifier(latent).squeeze(1).to(features)  # mixed precision ends here
        return Output(logits, latent, encoded[:, 1 : 1 + schema.NUM_OBJECTS])

    def reconstruct(self, encoded: Tensor, features: Tensor, hidden: Tensor | None = None) -> Reconstruction:
        visible, hidden = self.view(features, hidden)
        decoded = self.decode(encoded, visible, hidden).to(features)
        truth = kinematics.to_objects(features.nan_to_num())
        return Reconstruction(
            kinematics.to_features(to_objects(decoded)), reconstruction_errors(decoded, truth)
        )

    def view(self, features: Tensor, hidden: Tensor | None) -> tuple[Objects, Tensor]:
        """The objects of features (B, 21), blank where hidden, and all that is hidden (B, O)."""
        missing = missing_objects(features)
        hidden = missing if hidden is None else hidden | missing
        return blank(kinematics.to_objects(features.nan_to_num()), hidden), hidden

    def encode(self, objects: Objects, hidden: Tensor) -> Tensor:
        """Encode the class token, the objects and the candidates: (B, 1 + T, D)."""
        tokens = self.embedding(quantities(objects))
        tokens = torch.where(hidden[:, :, None], self.mask_token[_KIND], tokens)
        sequence = [self.class_token.expand(tokens.shape[0], 1, -1), tokens]
        if self.candidate_embedding is not None and self.candidate_mask_token is not None:
            tokens = self.candidate_embedding(candidate_quantities(objects))
            unknown = hidden_candidates(hidden)[:, :, None]
            sequence.append(torch.where(unknown, self.candidate_mask_token[_CANDIDATE_KIND], tokens))
        x = torch.cat(sequence, dim=1)
        pairs = self.pair_terms(objects, hidden)
        for block in self.encoder:
            x = block(x, pairs)
        return self.encoder_norm(x)

    def pair_terms(self, objects: Objects, hidden: Tensor) -> PairTerms:
        """What the invariants of each pair add to the attention of every encoder block."""
        momenta = kinematics.object_momenta(objects)
        if self.candidate_embedding is not None:
            of_candidates = kinematics.candidate_momenta(objects)
            momenta = Momenta(*(torch.cat(both, dim=1) for both in zip(momenta, of_candidates, strict=True)))
            hidden = torch.cat([hidden, hidden_candidates(hidden)], dim=1)
        first, second = kinematics.pairs(hidden.shape[1])
        terms = self.pair_embedding(kinematics.pair_invariants(momenta))  # the same both ways
        terms = terms.masked_fill((hidden[:, first] | hidden[:, second])[..., None], 0.0)
        # as terms[:, self.pair_of], with a quicker gradient
        terms = terms.index_select(1, self.pair_of.flatten()).unflatten(1, self.pair_of.shape)
        terms = F.pad(terms, (0, 0, 1, 0, 1, 0))  # (B, 1 + T, 1 + T, H + D / H)
        return PairTerms(terms[..., : self.num_heads].permute(0, 3, 1, 2), terms[..., self.num_heads :])

    def decode(self, encoded: Tensor, visible: Objects, hidden: Tensor) -> Tensor:
        """Decode encoded objects (B, O, D): log pT, eta, cos phi, sin phi and b-tag scores, (B, O, 7)."""
        encoded = encoded + self.place
        for block in self.decoder:
            encoded = block(encoded)
        encoded = self.decoder_norm(encoded)
        log_pt, btag = self.reconstructor(encoded).split([1, schema.NUM_BTAG_LEVELS], dim=-1)
        query, key = (
            self.direction(encoded).unflatten(-1, (2, 2, -1)).permute(2, 3, 0, 1, 4)
        )  # (2, B, O, D/H)
        weight = query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5  # of eta and of phi, (2, B, O, O)
        weight = weight.masked_fill(hidden[:, None], 0.0).to(visible.eta)
        azimuth = torch.stack([visible.phi.cos(), visible.phi.sin()], dim=-1)
        return torch.cat([log_pt, weight[0] @ visible.eta[..., None], weight[1] @ azimuth, btag], dim=-1)


def blank(objects: Objects, hidden: Tensor) -> Objects:
    """Forget what hidden objects measured, so that no later step can use it."""
    return Objects(
        pt=objects.pt.masked_fill(hidden, _REFERENCE_PT),
        eta=objects.eta.masked_fill(hidden, 0.0),
        phi=objects.phi.masked_fill(hidden, 0.0),
        btag=objects.btag.masked_fill(hidden, 0),
    )


def quantities(objects: Objects) -> Tensor:
    """Describe each object by the numbers that a token is made of: (B, O, 5)."""
    btag = F.one_hot(objects.btag, schema.NUM_BTAG_LEVELS).to(objects.pt)
    return torch.cat([torch.stack([_log_pt(objects.pt), objects.eta.abs()], dim=-1), btag], dim=-1)


def hidden_candidates(hidden: Tensor) -> Tensor:
    """The candidates (B, C) of which an object is hidden, given the hidden objects (B, O)."""
    return hidden[:, kinematics.FIRST] | hidden[:, kinematics.SECOND]


def candidate_quantities(objects: Objects) -> Tensor:
    """Describe each candidate by the numbers that a token is made of: (B, C, 6).

    As objects are described, with the logarithm of the mass, and with the number of jets of each b-tag level.
    """
    momenta = kinematics.candidate_momenta(objects)
    log_mass = (momenta.mass.clamp(min=_SMALLEST) / _REFERENCE_MASS).log()
    kinematic = torch.stack([_log_pt(momenta.pt), momenta.rapidity.abs(), log_mass], dim=-1)
    btag = F.one_hot(objects.btag, schema.NUM_BTAG_LEVELS).to(objects.pt)
    return torch.cat([kinematic, btag[:, kinematics.FIRST] + btag[:, kinematics.SECOND]], dim=-1)


def to_objects(decoded: Tensor) -> Objects:
    """Read objects from what was decoded (B, O, 7); the b-tag is the most probable level."""
    cos, sin = decoded[..., _ANGLE].unbind(-1)
    return Objects(
        pt=decoded[..., _LOG_PT].clamp(max=10).exp() * _REFERENCE_PT,
        eta=decoded[..., _ETA],
        phi=torch.atan2(sin, cos),
        btag=decoded[..., _BTAG].argmax(dim=-1),
    )


def reconstruction_errors(decoded: Tensor, objects: Objects) -> Tensor:
    """Error of each feature, (B, 21), of what was decoded (B, O, 7) against the true objects.

    Squared error of log pT and of pseudorapidity; for azimuth the squared distance to the true direction on
    the unit circle, so that -pi and pi are the same place; for the b-tag the cross-entropy of its three
    levels, because a level between two others has no meaning.
    """
    kinematic = [_log_pt(objects.pt), objects.eta, objects.phi.cos(), objects.phi.sin()]
    squared = (decoded[..., : _BTAG.start] - torch.stack(kinematic, dim=-1)).square()
    btag = F.cross_entropy(decoded[..., _BTAG].movedim(-1, 1), objects.btag, reduction="none")
    error = {
        "pt": squared[..., _LOG_PT],
        "eta": squared[..., _ETA],
        "phi": squared[..., _ANGLE].sum(dim=-1),
        "btag": btag,
    }
    columns = [
        error[feature.quantity][:, o]
        for feature, o in zip(schema.LOW_LEVEL, schema.OBJECT_OF_FEATURE, strict=True)
    ]
    return torch.stack(columns, dim=1)


def _log_pt(pt: Tensor) -> Tensor:
    return (pt.clamp(min=_SMALLEST) / _REFERENCE_PT).log()


class PerObjectLinear(nn.Module):
    """A linear map of each object's numbers, (B, O, in) to (B, O, out): the four jets share theirs."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.lepton = nn.Linear(in_dim, out_dim)
        self.missing_energy = nn.Linear(in_dim, out_dim)
        self.jet = nn.Linear(in_dim, out_dim)

    def forward(self, x: Tensor) -> Tensor:
        lepton, missing_energy, jets = x.split([1, 1, schema.NUM_OBJECTS - schema.FIRST_JET], dim=1)
        return torch.cat([self.lepton(lepton), self.missing_energy(missing_energy), self.jet(jets)], dim=1)


class PerCandidateLinear(nn.Module):
    """A linear map of each candidate's numbers, (B, C, in) to (B, C, out): the pairs of jets share theirs."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.leptonic_w = nn.Linear(in_dim, out_dim)
        self.dijet = nn.Linear(in_dim, out_dim)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.leptonic_w(x[:, :1]), self.dijet(x[:, 1:])], dim=1)


class Block(nn.Module):
    """Pre-norm transformer block: attention with what pairs add, then a feed-forward layer of 2 x dim."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.projection = nn.Linear(dim, dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, 2 * dim),
            nn.GELU(),
            nn.Linear(2 * dim, dim),
            nn.Dropout(dropout),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, pairs: PairTerms | None = None) -> Tensor:
        """Map tokens (B, T, D) to (B, T, D)."""
        q, k, v = (  # (B, H, T, D / H) each
            self.qkv(self.attention_norm(x)).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        )
        # (B, H, key, query): softmax over a last dimension of so few tokens is several times slower on a CPU
        scores = k @ q.transpose(2, 3) / q.shape[-1] ** 0.5
        if pairs is None:
            attended = scores.softmax(dim=2).transpose(2, 3) @ v
        else:
            weights = (scores + pairs.bias).softmax(dim=2)
            of_pairs = weights.permute(0, 3, 1, 2) @ pairs.values  # (B, query, H, D / H)
            attended = weights.transpose(2, 3) @ v + of_pairs.transpose(1, 2)
        x = x + self.dropout(self.projection(attended.transpose(1, 2).flatten(2)))
        return x + self.feed_forward(x)
