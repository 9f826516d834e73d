"""Models: each takes features (batch, 21) in HIGGS units and an optional mask, and returns an Output."""

from higgs_lightning.models.output import Output
from higgs_lightning.models.particle import ParticleAutoencoder
from higgs_lightning.models.seed import TransformerAutoencoderClassifier

__all__ = ["Output", "ParticleAutoencoder", "TransformerAutoencoderClassifier"]
