"""Small picture operations that looks are made of. Pictures are float32 arrays (h, w, 3) in [0, 1], maps (h, w)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Array = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def luma(x: Array) -> Array:
    """(h, w, 3) -> (h, w)."""
    return x @ _LUMA


def grey(x: Array) -> Array:
    """The luma on all three channels."""
    return np.repeat(luma(x)[..., None], 3, axis=-1)


def saturate(x: Array, amount: float) -> Array:
    """Chroma times `amount`; 0 is grey, 1 unchanged. Not clipped."""
    g = grey(x)
    return g + (x - g) * np.float32(amount)


def tint(x: Array, r: float, g: float, b: float) -> Array:
    """Multiply the channels."""
    return x * np.array([r, g, b], np.float32)


def mix(x: Array, y: Array | tuple[float, float, float], weight: Array | float) -> Array:
    """x + weight·(y − x), the weight a number or a map (h, w)."""
    w = np.asarray(weight, np.float32)
    return x + (w[..., None] if w.ndim == 2 else w) * (np.asarray(y, np.float32) - x)


def clip(x: Array) -> Array:
    return np.clip(x, 0.0, 1.0)


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, a smooth ramp between (or the reverse where low > high)."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def contrast(x: Array, gain: float, centre: Array | float = 0.5) -> Array:
    return (x - centre) * np.float32(gain) + centre


def heights(x: Array) -> Array:
    """0 at the top row, 1 at the bottom: (h, w)."""
    h, w = x.shape[:2]
    return np.repeat(np.linspace(0, 1, h, dtype=np.float32)[:, None], w, axis=1)


def box(x: Array, radius: int) -> Array:
    """Mean over a (2r+1)² window, edges replicated. Takes (h, w) or (h, w, c)."""
    planes = torch.from_numpy(np.ascontiguousarray(x)).reshape(*x.shape[:2], -1).permute(2, 0, 1)[None]
    padded = F.pad(planes, (radius,) * 4, mode="replicate")
    k = 2 * radius + 1
    out = F.avg_pool2d(F.avg_pool2d(padded, (k, 1), 1), (1, k), 1)[0].permute(1, 2, 0).numpy()
    return out.reshape(x.shape)


def blur(x: Array, radius: float) -> Array:
    """About a Gaussian of that standard deviation (three box filters)."""
    r = max(1, round(radius))
    return box(box(box(x, r), r), r) if radius > 1 else box(x, 1)


def edges(x: Array) -> Array:
    """Gradient magnitude of the luma, about [0, 1]: (h, w)."""
    g = box(luma(x), 1)
    dy, dx = np.gradient(g)
    return np.clip(np.sqrt(dx * dx + dy * dy) * 6, 0, 1).astype(np.float32)


def flatten(x: Array, radius: int, epsilon: float) -> Array:
    """Self-guided filter (He et al. 2010): texture weaker than sqrt(epsilon) goes, strong edges stay."""
    mean = box(x, radius)
    variance = np.maximum(box(x * x, radius) - mean * mean, 0).mean(axis=-1, keepdims=True)
    slope = variance / (variance + epsilon)
    return box(slope, radius) * x + box((1 - slope) * mean, radius)


def kuwahara(x: Array, radius: int) -> Array:
    """Each pixel takes the mean of the calmest of its four quadrants: paint-like patches with sharp borders."""
    means, spreads = box(x, radius // 2), box(luma(x) ** 2, radius // 2) - box(luma(x), radius // 2) ** 2
    d = (radius + 1) // 2
    pad = ((d, d), (d, d))
    m, s = np.pad(means, (*pad, (0, 0)), mode="edge"), np.pad(spreads, pad, mode="edge")
    h, w = x.shape[:2]
    corners = [(y, z) for y in (0, 2 * d) for z in (0, 2 * d)]
    stack_s = np.stack([s[y : y + h, z : z + w] for y, z in corners])
    stack_m = np.stack([m[y : y + h, z : z + w] for y, z in corners])
    calmest = stack_s.argmin(axis=0)
    return np.take_along_axis(stack_m, calmest[None, ..., None], axis=0)[0]


def posterise(x: Array, levels: int) -> Array:
    return np.round(x * (levels - 1)) / np.float32(levels - 1)


def blocks(x: Array, size: int) -> Array:
    """Constant `size` × `size` blocks."""
    h, w = x.shape[:2]
    planes = torch.from_numpy(np.ascontiguousarray(x)).permute(2, 0, 1)[None]
    small = F.avg_pool2d(planes, size, ceil_mode=True)
    return F.interpolate(small, scale_factor=size, mode="nearest")[0, :, :h, :w].permute(1, 2, 0).numpy()


def greenness(x: Array) -> Array:
    """How much a pixel looks like foliage or grass: (h, w) in [0, 1]."""
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    return smoothstep(g - np.maximum(0.92 * r, b), 0.0, 0.12)


def sky_mask(x: Array) -> Array:
    """A guess at the sky: bright or blue, calm, and joined to the top edge; without one, a soft top band."""
    y = heights(x)
    r, b = x[..., 0], x[..., 2]
    light = smoothstep(luma(x), 0.35, 0.65)
    blue = smoothstep(b - r, 0.02, 0.2)
    calm = smoothstep(box(edges(x), 3), 0.25, 0.08)
    likely = calm * np.maximum(light, blue)
    flow = np.minimum.accumulate(box(likely, 2) + 0.08, axis=0)  # cannot begin again below a break
    sky = smoothstep(flow, 0.3, 0.7) * smoothstep(y, 0.9, 0.7)
    return np.maximum(box(box(sky, 5), 3), 0.7 * smoothstep(y, 0.62, 0.3)).astype(np.float32)
