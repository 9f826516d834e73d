"""Where products in bfloat16 are quicker, and a sentence where they are not."""

import platform

import torch

from higgs_lightning.errors import UserError

_MIXED = ("bf16-mixed", "bf16")  # Lightning's names for it
_X86 = ("x86_64", "amd64", "i386", "i686")


def require_bfloat16(key: str, precision: str | int, device: torch.device) -> None:
    """Refuse bfloat16 where it is emulated, which is slower than float32.

    Processors other than x86 are taken at their word.

    Args:
        key: of the configuration.
        precision: its value; others than those of bfloat16 pass.
        device: that is to compute.

    Raises:
        UserError: the device has no bfloat16.
    """
    if precision in _MIXED and not _has_bfloat16(device):
        what = "this processor" if device.type == "cpu" else "this GPU"
        raise UserError(
            f"{key}={precision}: {what} has no instructions for bfloat16, so that it would take longer; "
            f"say {key}=32-true"  # which a run that was trained so needs, too
        )


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu" and platform.machine().lower() in _X86:
        # of PyTorch's own, private until get_capabilities() of 2.10
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return True
