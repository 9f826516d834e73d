"""The original notebook's network, exactly: attention runs across the events of a batch."""

from torch import nn

from higgs_lightning import schema
from higgs_lightning.masking import hidden_features, hidden_or_missing
from higgs_lightning.models.base import Model, Output, Reconstruction
from higgs_lightning.models.layers import ScoreLayer, Standardize
from higgs_lightning.shapes import Features, ObjectMask


class TransformerAutoencoderClassifier(Model):
    """The network that this project grew from, kept for comparison. Its weights' names are the original's.

    **A score depends on its batch mates.** The (batch, 21) matrix goes in as one unbatched sequence, so the
    transformer attends from event to event, not from object to object, and the same event gets another score
    among other events. The decoder attends to the encoder's output with the input as its target, under a
    causal mask along the batch. Give it events in a fixed order and batches of a fixed size.

    ``encoder_layers`` and ``decoder_layers`` are the prototypes that torch copies: they hold weights, take no
    part in the computation and stay untrained, as in the original.

    Args:
        num_layers: layers of the encoder and of the decoder (published: 3 in the text, 2 in the file).
        num_heads: attention heads; must divide 21.
        latent_dim: width of the bottleneck.
        dropout: dropout inside the layers and before the classifier.
        standardize: turn features into z-scores first, as the notebook did outside of the network. Without
            it the features enter in HIGGS units, and the state dict holds the original's names and no more.
    """

    mixes_events = True

    def __init__(
        self,
        num_layers: int = 3,
        num_heads: int = 3,
        latent_dim: int = 64,
        dropout: float = 0.1,
        standardize: bool = False,
    ) -> None:
        super().__init__()
        width = schema.NUM_FEATURES
        self.standardize = Standardize() if standardize else None
        self.encoder_layers = nn.TransformerEncoderLayer(
            width, num_heads, dim_feedforward=2048, dropout=dropout
        )
        self.encoder = nn.TransformerEncoder(self.encoder_layers, num_layers, enable_nested_tensor=False)
        self.decoder_layers = nn.TransformerDecoderLayer(
            width, num_heads, dim_feedforward=2048, dropout=dropout
        )
        self.decoder = nn.TransformerDecoder(self.decoder_layers, num_layers)
        self.bottleneck = nn.Linear(width, latent_dim)
        self.classifier = ScoreLayer(latent_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        """As :meth:`Model.forward`; features of hidden objects enter as 0. The original hides nothing."""
        encoded = self.encoder(self._sequence(features, hidden))
        latent = self.bottleneck(encoded)
        logits = self.classifier(self.dropout(latent)).squeeze(1)
        return Output(logits, latent, encoded)

    def reconstruct(
        self, encoded: Features, features: Features, hidden: ObjectMask | None = None
    ) -> Reconstruction:
        sequence = self._sequence(features, hidden)
        causal = nn.Transformer.generate_square_subsequent_mask(
            len(sequence), device=sequence.device, dtype=sequence.dtype
        )
        decoded = self.decoder(sequence, encoded, tgt_mask=causal, tgt_is_causal=True)
        reconstruction = decoded if self.standardize is None else self.standardize.inverse(decoded)
        return Reconstruction(reconstruction, (decoded - self._sequence(features, None)).square())

    def _sequence(self, features: Features, hidden: ObjectMask | None) -> Features:
        """What enters the network."""
        hidden = hidden_or_missing(features, hidden)
        z = features if self.standardize is None else self.standardize(features)
        return z.masked_fill(hidden_features(hidden), 0.0)
