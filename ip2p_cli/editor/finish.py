"""From the network's two small pictures to a result: beside the network, so that it need not wait."""

from __future__ import annotations

import os
from concurrent.futures import Future

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.change import measure_change
from ip2p_cli.editor.conditioning import draw_canvas, see
from ip2p_cli.editor.detail import fit_transfer
from ip2p_cli.editor.drawing import is_all_drawn, share_drawn
from ip2p_cli.editor.full_size import apply_transfer, planes
from ip2p_cli.editor.loading import Components
from ip2p_cli.editor.networks import Made
from ip2p_cli.editor.painting import paint
from ip2p_cli.editor.relevance import mask_of
from ip2p_cli.editor.request import Chain, Item
from ip2p_cli.editor.softness import is_sharp, measure_softness, soften
from ip2p_cli.editor.threads import threads_of_one_processor
from ip2p_cli.masks import keep_outside
from ip2p_cli.types import EditResult

FINISHERS = min(4, os.cpu_count() or 1)  # each holds a full-size picture or two


class Finisher:
    """Makes results in threads of its own. What it makes of an item depends on nothing else."""

    def __init__(self, components: Components, factor: int) -> None:
        """`factor` is the autoencoder's: pixels to a latent."""
        self._components = components
        self._factor = factor
        self._pool = threads_of_one_processor(FINISHERS, "finish")

    def begin(self, chain: Chain, made: Made, full_resolution: bool) -> Future[EditResult]:
        """The result to be: at the photo's size and with its detail, or else the model's own pixels."""
        return self._pool.submit(self._finish, chain, made, full_resolution)

    @torch.inference_mode()
    def _finish(self, chain: Chain, made: Made, full_resolution: bool) -> EditResult:
        *earlier, item = chain
        before, after = made.before.clamp(0, 1), made.after.clamp(0, 1)
        image = self._enlarge(item, made.photo, before, after) if full_resolution else to_image(after)
        mask = None
        if made.relevance is not None:
            mask = mask_of(made.relevance, item.fit.window, image.size, self._factor)
            image = keep_outside(image, item.image, mask)
        return EditResult(
            image=image,
            instruction=item.request.instruction,
            seed=item.request.seed,
            steps=item.steps,
            text_guidance=item.guidance.text,
            image_guidance=item.guidance.image,
            sampler=item.sampler,
            change=measure_change(before, after),
            mask=mask,
            earlier=tuple(step.settings for step in earlier),
        )

    def _enlarge(self, item: Item, small: np.ndarray, before: Tensor, after: Tensor) -> Image.Image:
        """The edit at the photo's size, with the photo's detail as far as the edit left it.

        `small` is the photo at the model's size, (h, w, 3) uint8.
        """
        if is_all_drawn(before, after):
            return paint(item.image, before, after)
        transfer = fit_transfer(planes(Image.fromarray(small)), before, after)
        carried = apply_transfer(item.image, transfer)
        if _is_plain(before, transfer.of_copy(before), after):
            return carried
        with self._components.exactly():
            copy = see(self._components, draw_canvas(carried, item.fit)).copy
        seen = copy[(slice(None), *item.fit.window)].clamp(0, 1)
        focus = measure_softness(seen, after)
        drawn = share_drawn(before, seen, after, focus)
        if drawn < 1:
            carried = soften(carried, focus)
        return Image.blend(carried, paint(item.image, before, after), drawn) if drawn > 0 else carried


def _is_plain(before: Tensor, carried: Tensor, after: Tensor) -> bool:
    """Whether it is plain to see that nothing is drawn or softened, by a look that costs next to nothing.

    `carried` is the edit with all of the copy's detail, (3, h, w). The copy has been through the autoencoder, but the
    edit's own faint detail has not: as a rule more seems to be missing here than in a look through the autoencoder.
    """
    return share_drawn(before, carried, after) == 0 and is_sharp(carried, after)


def to_image(picture: Tensor) -> Image.Image:
    """(3, h, w) in [0, 1] -> RGB"""
    return Image.fromarray(picture.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy())
