"""Several trained models as one."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from higgs_lightning.models.base import Model, Output, Reconstruction
from higgs_lightning.shapes import Features, ObjectMask


class Ensemble(Model):
    """The mean logit and the mean reconstruction of models that differ in their weights alone.

    What each of them has learned by heart differs, so the mean is better than any.

    Args:
        members: at least one.
    """

    def __init__(self, members: Sequence[Model]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.mixes_events = members[0].mixes_events
        self.has_decoder = members[0].has_decoder

    def look_once(self) -> None:
        for member in self.members:
            member.look_once()  # type: ignore[operator]

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        """As in :class:`Model`, with latent (B, M x latent_dim) and encoded (B, M, ...) of M members."""
        logits, latents, encoded = zip(*(member(features, hidden) for member in self.members), strict=True)
        return Output(torch.stack(logits).mean(dim=0), torch.cat(latents, dim=1), torch.stack(encoded, dim=1))

    def reconstruct(
        self, encoded: Float[Tensor, "B M ..."], features: Features, hidden: ObjectMask | None = None
    ) -> Reconstruction:
        of_members = [
            member.reconstruct(of_member, features, hidden)  # type: ignore[operator]
            for member, of_member in zip(self.members, encoded.unbind(dim=1), strict=True)
        ]
        reconstructed, errors, btag = zip(*of_members, strict=True)
        return Reconstruction(
            torch.stack(reconstructed).mean(dim=0),
            torch.stack(errors).mean(dim=0),
            None if None in btag else torch.stack(btag).mean(dim=0),
        )
