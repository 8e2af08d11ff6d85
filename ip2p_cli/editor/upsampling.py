"""Convolutions after nearest-neighbour upsampling, at the size before it: the same result for four ninths of the work.

Of an upsampled picture a 3x3 kernel sees at most 2x2 different pixels. So each of the four pixels that one becomes is
a 2x2 convolution of the picture as it was, by the sums of those weights that fall on one pixel; and all four are one
convolution with four times the channels, whose results are laid out as pixels (Shi et al. 2016, arXiv 1609.05158).
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn

PHASES = tuple((down, right) for down in (0, 1) for right in (0, 1))  # of the four pixels that one becomes
_FALLS_ON = (((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)))  # phase, pixel, weight


def merge_upsampling(network: nn.Module) -> None:
    """Replace each upsampling by 2 and the 3x3 convolution after it, in place: diffusers' U-Nets and autoencoders."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if _is_diffusers_layer(child):
                setattr(module, name, _Upsample(child))
        if isinstance(module, nn.Sequential):
            _merge_neighbours(module)


class UpsampledConv2d(nn.Module):
    """A 3x3 convolution of what is upsampled by 2.  # (b, c, h, w) -> (b, c', 2h, 2w)"""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        falls_on = torch.tensor(_FALLS_ON).to(conv.weight)
        merged = [
            torch.einsum("ocij,yi,xj->ocyx", conv.weight, falls_on[down], falls_on[right]) for down, right in PHASES
        ]
        self.channels = conv.out_channels
        self.conv = nn.Conv2d(conv.in_channels, 4 * conv.out_channels, 2, padding=1, bias=conv.bias is not None)
        self.conv.weight = nn.Parameter(torch.cat(merged))
        if conv.bias is not None:
            self.conv.bias = nn.Parameter(conv.bias.repeat(4))

    def forward(self, x: Tensor) -> Tensor:
        """What the convolution would give for `x` at twice its size."""
        count, _, height, width = x.shape
        phases = self.conv(x).split(self.channels, dim=1)  # (b, c', h + 1, w + 1) each
        size = (count, self.channels, 2 * height, 2 * width)
        out = torch.empty(size, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
        for (down, right), phase in zip(PHASES, phases, strict=True):
            out[..., down::2, right::2] = phase[..., down : down + height, right : right + width]
        return out


class _Upsample(nn.Module):
    """In the place of diffusers' own layer, which is kept for sizes that are not twice as large."""

    def __init__(self, original: Upsample2D) -> None:
        super().__init__()
        self.original, self.merged = original, UpsampledConv2d(original.conv)

    def forward(self, hidden_states: Tensor, output_size: tuple[int, int] | None = None) -> Tensor:
        """(b, c, h, w) -> (b, c, 2h, 2w), or `output_size`."""
        if output_size is None or tuple(output_size) == tuple(2 * side for side in hidden_states.shape[-2:]):
            return self.merged(hidden_states)
        return self.original(hidden_states, output_size)


def _is_diffusers_layer(module: nn.Module) -> bool:
    if not isinstance(module, Upsample2D):
        return False
    own = not module.use_conv_transpose and module.interpolate and module.norm is None and module.name == "conv"
    return own and is_plain_conv(module.conv)


def is_plain_conv(module: Any, stride: int = 1) -> TypeGuard[nn.Conv2d]:
    """Whether it is a 3x3 convolution that sees one pixel further than the picture."""
    if type(module) is not nn.Conv2d:
        return False
    said = (module.kernel_size, module.padding, module.stride, module.dilation, module.groups, module.padding_mode)
    return said == ((3, 3), (1, 1), (stride, stride), (1, 1), 1, "zeros")


def is_upsampling_by_two(module: nn.Module) -> TypeGuard[nn.Upsample]:
    """Whether each pixel becomes four that are like it."""
    return isinstance(module, nn.Upsample) and module.mode == "nearest" and module.scale_factor in (2, (2, 2))


def _merge_neighbours(layers: nn.Sequential) -> None:
    """Upsampling and convolution side by side, as in AutoencoderTiny's decoder. Later layers keep their numbers."""
    for number in range(len(layers) - 1):
        first, second = layers[number], layers[number + 1]
        if is_upsampling_by_two(first) and is_plain_conv(second):
            layers[number], layers[number + 1] = nn.Identity(), UpsampledConv2d(second)
