"""Two convolutions with nothing between them, as one: an AutoencoderTiny without blocks at full size ends in such.

A 3x3 convolution of a 3x3 convolution is one with a 5x5 kernel, theirs convolved. A picture has few channels, so that
it is a fraction of the work: what lies between the two, all channels at the picture's size, is never made. Only along
the border the two are not the one, as the second sees zeros where the first would have gone on. There the two are used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle

from ip2p_cli.editor.upsampling import is_plain_conv, is_upsampling_by_two

PICTURE = 4  # channels at most of what counts as a picture: with transparency
# Of an upsampled picture a 5x5 kernel sees at most 3x3 different pixels: phase, pixel, weight.
_FALLS_ON = (
    ((1.0, 1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 1.0, 0.0), (0.0, 0.0, 0.0, 0.0, 1.0)),
    ((1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 1.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0, 1.0)),
)


def join_convolutions(network: nn.Module) -> None:
    """Replace such neighbours in its sequences by one layer, in place. Other layers keep their numbers."""
    for layers in list(network.modules()):
        if isinstance(layers, nn.Sequential):
            for number in range(len(layers) - 1):
                _join_at(layers, number)


class FromPicture(nn.Module):
    """A convolution of a picture, and one that halves its size.  # (b, c, h, w) -> (b, c', h / 2, w / 2)"""

    def __init__(self, first: nn.Conv2d, second: nn.Conv2d) -> None:
        super().__init__()
        self.both = nn.Sequential(first, second)
        self.conv = _conv(_joined(first, second), _joined_bias(first, second), stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """What the two would give."""
        if x.shape[2] % 2 or x.shape[3] % 2:  # then the second sees past the other border, too
            return self.both(x)
        out: Tensor = self.conv(x)
        out[:, :, :1] = self.both(x[:, :, :4])[:, :, :1]
        out[..., :1] = self.both(x[..., :4])[..., :1]
        return out


class ToPicture(nn.Module):
    """Upsampling by 2, a convolution, and one that makes a picture.  # (b, c, h, w) -> (b, c', 2h, 2w)"""

    def __init__(self, upsampling: nn.Upsample, first: nn.Conv2d, second: nn.Conv2d) -> None:
        super().__init__()
        self.all = nn.Sequential(upsampling, first, second)
        kernel, bias = _joined(first, second), _joined_bias(first, second)
        falls_on = torch.tensor(_FALLS_ON).to(kernel)
        phases = torch.einsum("ocij,pyi,qxj->opqcyx", kernel, falls_on, falls_on)  # (c', 2, 2, c, 3, 3)
        self.conv = _conv(phases.flatten(0, 2), bias.repeat_interleave(4), stride=1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """What the three would give."""
        out = pixel_shuffle(self.conv(x), 2)
        out[:, :, :1], out[:, :, -1:] = self.all(x[:, :, :2])[:, :, :1], self.all(x[:, :, -2:])[:, :, -1:]
        out[..., :1], out[..., -1:] = self.all(x[..., :2])[..., :1], self.all(x[..., -2:])[..., -1:]
        return out


def _join_at(layers: nn.Sequential, number: int) -> None:
    """Where two or three layers from `number` on can be one, put it into the first one's place."""
    first, second, *more = [*layers][number : number + 3]
    if is_plain_conv(first) and is_plain_conv(second, stride=2) and first.in_channels <= PICTURE:
        layers[number], layers[number + 1] = FromPicture(first, second), nn.Identity()
    elif (
        is_upsampling_by_two(first)
        and is_plain_conv(second)
        and more
        and is_plain_conv(more[0])
        and more[0].out_channels <= PICTURE
    ):
        layers[number] = ToPicture(first, second, more[0])
        layers[number + 1], layers[number + 2] = nn.Identity(), nn.Identity()


def _joined(first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    """The kernel of `second` after `first`: Σ_d second(d) first(f − d).  # (c', c, 5, 5)"""
    return conv2d(first.weight.transpose(0, 1), second.weight.flip(2, 3), padding=2).transpose(0, 1)


def _joined_bias(first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    bias = second.weight.new_zeros(second.out_channels) if second.bias is None else second.bias
    return bias if first.bias is None else bias + second.weight.sum((2, 3)) @ first.bias


def _conv(weight: Tensor, bias: Tensor, stride: int, padding: int) -> nn.Conv2d:
    count, channels, side, _ = weight.shape
    conv = nn.Conv2d(channels, count, side, stride, padding)
    conv.weight, conv.bias = nn.Parameter(weight.detach().contiguous()), nn.Parameter(bias.detach().clone())
    return conv
