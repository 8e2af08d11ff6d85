"""What the judge measures on one photo (`Photo`) and on a before/after pair (`Pair`): plain, nameable statistics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ip2p_eval.pixels import Array, Mask, blur, correlation, gradients, rgb_to_lab

COLOURED = 10.0  # CIELab chroma from which a pixel has a hue that people name
LAYOUT_SCALES = (1.5, 3.0)  # blur in pixels at WORK_SIZE before edges are taken
CHROMA_LEVELS = (6.0, COLOURED, 14.0, 20.0, 25.0)


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

    @cached_property
    def light(self) -> float:
        return float(self.luma.mean())

    @property
    def headroom(self) -> float:
        """How much lighter the photo could get."""
        return 100.0 - self.light

    @cached_property
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

    @cached_property
    def hue_table(self) -> dict[float, Array]:
        """Chroma threshold -> cumulative share of all pixels at least that coloured, by hue in degrees, (361,)."""
        degrees = np.minimum(self.hue.ravel().astype(np.int64), 359)
        chroma = self.chroma.ravel()
        tables = {}
        for least in CHROMA_LEVELS:
            counts = np.bincount(degrees[chroma >= least], minlength=360)
            tables[least] = np.concatenate([[0.0], np.cumsum(counts) / degrees.size]).astype(np.float32)
        return tables

    def hue_share(self, start: int, stop: int, least: float = COLOURED) -> float:
        """Share of all pixels with chroma of at least `least` (a CHROMA_LEVEL) and hue in [start, stop); may wrap."""
        table = self.hue_table[least]
        share = table[stop] - table[start]
        return float(share if start < stop else share + table[360])

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
    def broad_edge(self) -> Array:
        return blur(self.edge, 1.0)  # (h, w)

    @cached_property
    def fine_texture(self) -> Array:
        return np.abs(self.luma - blur(self.luma, 2.5))  # (h, w)

    @cached_property
    def strongest_edges(self) -> Mask:
        """Where the strongest tenth of the edges are, (h, w) of bool."""
        return self.edge >= np.quantile(self.edge, 0.9)

    @cached_property
    def weaker_edges(self) -> Mask:
        """Everywhere but at the strongest fifth of the edges, (h, w) of bool."""
        return self.edge < np.quantile(self.edge, 0.8)

    @cached_property
    def edge_structure(self) -> tuple[Array, ...]:
        """For each of two scales, locally normalised edge energy and its double-angle direction, (3, h, w).

        Blind to the sign of contrast (a plane and its negative have the same) and to slow changes of its strength.
        """
        return tuple(_edge_structure(self.luma, sigma) for sigma in LAYOUT_SCALES)

    @cached_property
    def flat_share(self) -> float:
        """Share of pixels that barely differ from their neighbours, for the contrast that the picture has."""
        dx, dy = gradients(self.luma)
        return float((np.hypot(dx, dy) < 0.03 * max(self.spread, 5.0)).mean())

    @cached_property
    def colour_spread(self) -> float:
        """Standard deviation of (a, b): how far colours differ from one another, whatever the tint."""
        return float(self.lab[..., 1:].var(axis=(0, 1)).sum() ** 0.5)

    @cached_property
    def distinct_colours(self) -> float:
        """Perplexity of the colour histogram (CIELab cells 5 wide): how many colours are really in use."""
        cells = np.floor(self.lab / 5.0).astype(np.int64) + 64
        keys = (cells[..., 0] << 20) + (cells[..., 1] << 10) + cells[..., 2]
        share = np.unique(keys, return_counts=True)[1] / keys.size
        return float(np.exp(-(share * np.log(share)).sum()))

    @cached_property
    def blockiness(self) -> float:
        """How regularly steps between pixels lie on a square grid of 4 to 24 pixels: about 0.1 by chance, up to 1."""
        return min(_grid_strength(np.diff(self.luma, axis=1)), _grid_strength(np.diff(self.luma, axis=0).T))


def _edge_structure(luma: Array, sigma: float) -> Array:
    dx, dy = gradients(blur(luma, sigma))
    magnitude = np.hypot(dx, dy)
    strength = magnitude / (blur(magnitude, 8 * sigma) + 0.1)
    turn = strength / np.maximum(magnitude, 1e-6) ** 2
    return np.stack([strength - strength.mean(), turn * (dx * dx - dy * dy), turn * 2 * dx * dy])


@lru_cache(maxsize=16)
def _waves(length: int) -> NDArray[np.complex64]:
    """One complex wave for each period of 4 to 24 pixels, (periods, length)."""
    periods = np.arange(4.0, 24.25, 0.25)
    return np.exp(2j * np.pi * np.arange(length) / periods[:, None]).astype(np.complex64)


def _grid_strength(steps: Array) -> float:
    """Vector strength of the positions of steps along the rows of (h, w), at the best period.

    Averaged over four strips as complex numbers: a grid has one phase throughout, the edges of things do not. The
    square root keeps a few strong edges from deciding.
    """
    strips = [np.sqrt(np.abs(strip).mean(axis=0) + 1e-6) for strip in np.array_split(steps, 4, axis=0)]
    phases = [_waves(strip.size) @ strip / strip.sum() for strip in strips]
    return float(np.abs(np.mean(phases, axis=0)).max())


@dataclass(frozen=True)
class Pair:
    """A photo before and after an edit, at one size, and what changed between them."""

    before: Photo
    after: Photo

    @cached_property
    def lighter(self) -> float:
        return self.after.light - self.before.light

    @cached_property
    def redder(self) -> float:
        return self.after.tone[0] - self.before.tone[0]

    @cached_property
    def yellower(self) -> float:
        return self.after.tone[1] - self.before.tone[1]

    @cached_property
    def contrast_ratio(self) -> float:
        return self.after.spread / max(self.before.spread, 1.0)

    @cached_property
    def colour_ratio(self) -> float:
        """Chroma after over before; the floor keeps grey photos from giving huge ratios."""
        return (self.after.colour + 1.0) / (self.before.colour + 1.0)

    @cached_property
    def colour_gain(self) -> float:
        """Colour differences after over before: 0 one ink, 1 as before, above 1 more saturated. Blind to tints."""
        return (self.after.colour_spread + 1.0) / (self.before.colour_spread + 1.0)

    @cached_property
    def flatter(self) -> float:
        return self.after.flat_share - self.before.flat_share

    @cached_property
    def tint(self) -> tuple[float, float]:
        """(a, b) that a neutral grey has become: after = gain * before + tint, per channel, fitted over all pixels."""
        values = []
        for c in (1, 2):
            x, y = self.before.lab[..., c], self.after.lab[..., c]
            covariance = float(((x - x.mean()) * (y - y.mean())).mean())
            # a ridge towards the overall change of chroma steadies it where the photo has little colour
            gain = (covariance + 9.0 * min(self.colour_gain, 1.5)) / (float(x.var()) + 9.0)
            values.append(float(y.mean()) - gain * float(x.mean()))
        return values[0], values[1]

    @cached_property
    def luma_agreement(self) -> float:
        """Correlation of luma before and after: 1 the same order of tones, -1 reversed."""
        return correlation(self.before.luma, self.after.luma)

    @cached_property
    def strong_edges_kept(self) -> float:
        """Edge strength after over before where the strongest edges were, contrast divided out."""
        return self._kept(self.before.edge, self.after.edge, self.before.strongest_edges)

    @cached_property
    def weak_edges_kept(self) -> float:
        """Edge strength after over before away from the strongest edges, contrast divided out."""
        return self._kept(self.before.edge, self.after.edge, self.before.weaker_edges)

    @cached_property
    def texture_kept(self) -> float:
        """Fine texture after over before away from the strongest edges, contrast divided out."""
        return self._kept(self.before.fine_texture, self.after.fine_texture, self.before.weaker_edges)

    def _kept(self, before: Array, after: Array, where: Mask) -> float:
        # the floor on both sides keeps photos that have next to no texture near 1
        return (float(after[where].mean()) / max(self.contrast_ratio, 0.05) + 0.1) / (float(before[where].mean()) + 0.1)

    @cached_property
    def thirds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Mean change of (a, b) in the top third and in the bottom third of the picture."""
        height = max(1, self.before.luma.shape[0] // 3)
        change = self.after.lab[..., 1:] - self.before.lab[..., 1:]
        top, bottom = change[:height].mean(axis=(0, 1)), change[-height:].mean(axis=(0, 1))
        return (float(top[0]), float(top[1])), (float(bottom[0]), float(bottom[1]))

    @cached_property
    def top_tone(self) -> tuple[float, float]:
        """Mean (a, b) of the top third after."""
        tone = self.after.lab[: max(1, self.before.luma.shape[0] // 3), :, 1:].mean(axis=(0, 1))
        return float(tone[0]), float(tone[1])

    @cached_property
    def strokes_on_edges(self) -> float:
        """How far what is dark after lies on what was an edge before (correlation): drawn outlines."""
        return correlation(self.before.broad_edge, blur(100.0 - self.after.luma, 1.0))

    @cached_property
    def outlined(self) -> float:
        """By how much that correlation grew: 0 for a copy, above 0.15 where outlines were drawn."""
        return self.strokes_on_edges - correlation(self.before.broad_edge, blur(100.0 - self.before.luma, 1.0))

    @cached_property
    def layout(self) -> float:
        """Correlation in [-1, 1] of the edge structure before and after, the mean over scales."""
        scales = zip(self.before.edge_structure, self.after.edge_structure, strict=True)
        return float(np.mean([correlation(x, y) for x, y in scales]))
