"""Models: each takes features (batch, 21) in HIGGS units and an optional mask, and returns an Output.

From what the Output holds, ``reconstruct`` decodes the events, where the model has a decoder.
"""

from higgs_lightning.models.base import Model, Output, Reconstruction
from higgs_lightning.models.dnn import DeepNetwork
from higgs_lightning.models.ensemble import Ensemble
from higgs_lightning.models.particle import ParticleAutoencoder
from higgs_lightning.models.scalar import ScalarTransformer
from higgs_lightning.models.seed import TransformerAutoencoderClassifier

__all__ = [
    "DeepNetwork",
    "Ensemble",
    "Model",
    "Output",
    "ParticleAutoencoder",
    "Reconstruction",
    "ScalarTransformer",
    "TransformerAutoencoderClassifier",
]
