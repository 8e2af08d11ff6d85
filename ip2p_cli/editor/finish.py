"""From the network's two small pictures to a result: beside the network, so that it need not wait."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.change import measure_change
from ip2p_cli.editor.conditioning import draw_canvas, see
from ip2p_cli.editor.detail import transfer_detail
from ip2p_cli.editor.drawing import share_drawn
from ip2p_cli.editor.loading import Components
from ip2p_cli.editor.networks import Made
from ip2p_cli.editor.painting import paint
from ip2p_cli.editor.relevance import mask_of
from ip2p_cli.editor.request import Chain, Item
from ip2p_cli.editor.softness import measure_softness, soften
from ip2p_cli.masks import keep_outside
from ip2p_cli.types import EditResult

FINISHERS = min(4, os.cpu_count() or 1)  # each holds a full-size picture or two


class Finisher:
    """Makes results in threads of its own. What it makes of an item depends on nothing else."""

    def __init__(self, components: Components, factor: int) -> None:
        """`factor` is the autoencoder's: pixels to a latent."""
        self._components = components
        self._factor = factor
        self._pool = _threads_of_one_processor()

    def begin(self, chain: Chain, made: Made, full_resolution: bool) -> Future[EditResult]:
        """The result to be: at the photo's size and with its detail, or else the model's own pixels."""
        return self._pool.submit(self._finish, chain, made, full_resolution)

    @torch.inference_mode()
    def _finish(self, chain: Chain, made: Made, full_resolution: bool) -> EditResult:
        *earlier, item = chain
        before, after = made.before.clamp(0, 1), made.after.clamp(0, 1)
        image = self._enlarge(item, before, after) if full_resolution else to_image(after)
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

    def _enlarge(self, item: Item, before: Tensor, after: Tensor) -> Image.Image:
        """The edit at the photo's size, with the photo's detail as far as the edit left it."""
        carried = transfer_detail(item.image, before, after)
        with self._components.exactly():
            copy = see(self._components, draw_canvas(carried, item.fit)).copy
        seen = copy[(slice(None), *item.fit.window)].clamp(0, 1)
        drawn = share_drawn(seen, after)
        if drawn < 1:
            carried = soften(carried, measure_softness(seen, after))
        return Image.blend(carried, paint(item.image, before, after), drawn) if drawn > 0 else carried


def to_image(picture: Tensor) -> Image.Image:
    """(3, h, w) in [0, 1] -> RGB"""
    return Image.fromarray(picture.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def _threads_of_one_processor() -> ThreadPoolExecutor:
    """There are as many photos as processors here: more threads for each would only be in each other's way.

    A thread's own number is the process's, too, for threads that are born later. So all of these are born now, and then
    the number is set back: a network that ran in fewer threads than another time would give other bytes.
    """
    usual, born = torch.get_num_threads(), threading.Barrier(FINISHERS + 1)
    pool = ThreadPoolExecutor(FINISHERS, "finish")
    for _ in range(FINISHERS):
        pool.submit(_compute_in_one_thread, born)
    born.wait()
    torch.set_num_threads(usual)
    return pool


def _compute_in_one_thread(born: threading.Barrier) -> None:
    torch.get_num_threads()  # which a thread's first product would do, and take the process's number again
    torch.set_num_threads(1)
    born.wait()
