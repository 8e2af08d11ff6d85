"""What the judge measures on one photo (`Photo`) and on a before/after pair (`Pair`): plain, nameable statistics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ip2p_eval.pixels import Array, blur, common_size, correlation, gradients, rgb_to_lab

COLOURED = 10.0  # CIELab chroma from which a pixel has a hue that people name


@dataclass(frozen=True)
class Photo:
    """Statistics of one image; all means are over pixels. `rgb` is (h, w, 3) in [0, 1]."""

    rgb: Array

    @cached_property
    def lab(self) -> Array:
        return rgb_to_lab(self.rgb)  # (h, w, 3)

    @cached_property
    def luma(self) -> Array:
        return np.ascontiguousarray(self.lab[..., 0])  # (h, w), 0 black to 100 white

    @cached_property
    def chroma(self) -> Array:
        return np.hypot(self.lab[..., 1], self.lab[..., 2])  # (h, w), 0 grey

    @cached_property
    def hue(self) -> Array:
        return np.degrees(np.arctan2(self.lab[..., 2], self.lab[..., 1])) % 360  # (h, w), 0 red, 90 yellow, 180 green

    @property
    def light(self) -> float:
        return float(self.luma.mean())

    @property
    def spread(self) -> float:
        return float(self.luma.std())

    @cached_property
    def percentiles(self) -> tuple[float, ...]:
        """Luma at 2, 25, 50, 75 and 98 percent."""
        return tuple(float(v) for v in np.percentile(self.luma, (2, 25, 50, 75, 98)))

    @cached_property
    def colour(self) -> float:
        return float(self.chroma.mean())

    @cached_property
    def tone(self) -> tuple[float, float]:
        """Mean a (green to red) and mean b (blue to yellow)."""
        return float(self.lab[..., 1].mean()), float(self.lab[..., 2].mean())

    def hue_share(self, start: float, stop: float, least: float = COLOURED) -> float:
        """Share of all pixels that are coloured with a hue in [start, stop) degrees; may wrap past 360."""
        inside = (self.hue - start) % 360 < (stop - start) % 360
        return float((inside & (self.chroma >= least)).mean())

    @cached_property
    def colour_variety(self) -> float:
        """Standard deviation of (a, b) about its mean at each luma: near 0 for any one-ink (toned) picture."""
        bins = np.clip((self.luma / 10).astype(int), 0, 9).ravel()
        counts = np.maximum(np.bincount(bins, minlength=10), 1)
        total = 0.0
        for c in (1, 2):
            plane = self.lab[..., c].ravel()
            means = np.bincount(bins, plane, minlength=10) / counts
            total += float(((plane - means[bins]) ** 2).mean())
        return total**0.5

    @cached_property
    def edge(self) -> Array:
        dx, dy = gradients(blur(self.luma, 1.0))
        return np.hypot(dx, dy)  # (h, w)

    @cached_property
    def fine_texture(self) -> Array:
        return np.abs(self.luma - blur(self.luma, 1.5))  # (h, w)

    @cached_property
    def flat_share(self) -> float:
        """Share of pixels whose neighbours barely differ (flat areas)."""
        dx, dy = gradients(self.luma)
        return float((np.hypot(dx, dy) < 0.6).mean())

    @cached_property
    def distinct_colours(self) -> float:
        """Perplexity of the colour histogram (CIELab cells 5 wide): how many colours are really in use."""
        cells = np.floor(self.lab / 5.0).astype(np.int64) + 64
        keys = (cells[..., 0] << 20) + (cells[..., 1] << 10) + cells[..., 2]
        share = np.unique(keys, return_counts=True)[1] / keys.size
        return float(np.exp(-(share * np.log(share)).sum()))

    @cached_property
    def blockiness(self) -> float:
        """Strongest regular grid in the steps between columns and rows: peak over median of their spectra."""
        return min(_comb(np.abs(np.diff(self.luma, axis=1)).mean(0)), _comb(np.abs(np.diff(self.luma, axis=0)).mean(1)))


def _comb(profile: Array) -> float:
    """How much of a step profile's variation repeats with one period of 4 to 24 pixels (0 to 1)."""
    profile = profile - profile.mean()
    power = np.abs(np.fft.rfft(profile * np.hanning(profile.size))) ** 2
    power[0] = 0.0
    best = 0.0
    n = profile.size
    for period in np.arange(4.0, 24.25, 0.25):
        harmonics = np.arange(1, int(period // 2) + 1) * n / period
        index = np.unique(np.clip(np.round(harmonics)[:, None] + np.arange(-1, 2), 1, power.size - 1).astype(int))
        captured = power[index].sum() / max(float(power.sum()), 1e-9)
        chance = index.size / power.size
        best = max(best, float((captured - chance) / max(1.0 - chance, 1e-6)))
    return best


@dataclass(frozen=True)
class Pair:
    """A photo before and after an edit, at one size, and what changed between them."""

    before: Photo
    after: Photo

    @classmethod
    def of(cls, before: Array, after: Array) -> Pair:
        """From two float images (h, w, 3) in [0, 1], of any sizes."""
        small_before, small_after = common_size(before, after)
        return cls(Photo(small_before), Photo(small_after))

    @property
    def lighter(self) -> float:
        return self.after.light - self.before.light

    @property
    def redder(self) -> float:
        return self.after.tone[0] - self.before.tone[0]

    @property
    def yellower(self) -> float:
        return self.after.tone[1] - self.before.tone[1]

    @property
    def contrast_ratio(self) -> float:
        return self.after.spread / max(self.before.spread, 1.0)

    @property
    def colour_ratio(self) -> float:
        """Chroma after over before; the floor keeps grey photos from giving huge ratios."""
        return (self.after.colour + 1.0) / (self.before.colour + 1.0)

    @cached_property
    def tint(self) -> tuple[float, float]:
        """(a, b) that a neutral grey has become: after = gain * before + tint, per channel, fitted over all pixels."""
        values = []
        for c in (1, 2):
            x, y = self.before.lab[..., c], self.after.lab[..., c]
            covariance = float(((x - x.mean()) * (y - y.mean())).mean())
            gain = (covariance + 9.0) / (float(x.var()) + 9.0)  # ridge towards 1 where the photo has little colour
            values.append(float(y.mean()) - gain * float(x.mean()))
        return values[0], values[1]

    @cached_property
    def luma_agreement(self) -> float:
        """Correlation of luma before and after: 1 the same order of tones, -1 reversed."""
        return correlation(self.before.luma, self.after.luma)

    @cached_property
    def strong_edges_kept(self) -> float:
        """Edge strength after over before at the strongest tenth of the edges before, contrast divided out."""
        strong = self.before.edge >= np.quantile(self.before.edge, 0.9)
        gain = max(self.contrast_ratio, 0.05)
        return float(self.after.edge[strong].mean()) / max(float(self.before.edge[strong].mean()), 0.2) / gain

    @cached_property
    def texture_kept(self) -> float:
        """Fine texture after over before away from the strongest edges, contrast divided out."""
        weak = self.before.edge < np.quantile(self.before.edge, 0.8)
        gain = max(self.contrast_ratio, 0.05)
        return float(self.after.fine_texture[weak].mean()) / max(float(self.before.fine_texture[weak].mean()), 0.1) / gain

    def band_shift(self, part: str) -> tuple[float, float]:
        """Mean change of (a, b) in the 'top' or 'bottom' third of the picture."""
        third = max(1, self.before.luma.shape[0] // 3)
        rows = slice(0, third) if part == "top" else slice(-third, None)
        change = (self.after.lab[rows, :, 1:] - self.before.lab[rows, :, 1:]).mean(axis=(0, 1))
        return float(change[0]), float(change[1])

    def band_tone(self, part: str) -> tuple[float, float]:
        """Mean (a, b) after, in the 'top' or 'bottom' third."""
        third = max(1, self.before.luma.shape[0] // 3)
        rows = slice(0, third) if part == "top" else slice(-third, None)
        tone = self.after.lab[rows, :, 1:].mean(axis=(0, 1))
        return float(tone[0]), float(tone[1])
