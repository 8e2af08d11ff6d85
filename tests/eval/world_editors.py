"""Editors of the world without a network: one that is perfect, one that copies, one that never looks at its image."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from ip2p_cli.api import EditRequest, EditResult
from ip2p_gen_data.world.captions import NotInGrammar
from ip2p_gen_data.world.dataset import CaptionedScenes
from ip2p_gen_data.world.edits import NotApplicable, on_scene
from ip2p_gen_data.world.instructions import parse_instruction
from ip2p_gen_data.world.render import render
from ip2p_gen_data.world.scene import Scene, sample


class Answering:
    """An editor that answers each request by `answer`."""

    def edit_each(self, requests: Sequence[EditRequest], *, full_resolution: bool = True) -> list[EditResult]:
        return [EditResult(self.answer(each), each.instruction, each.seed, 1, 1.0, 1.0, "ddim") for each in requests]

    def answer(self, request: EditRequest) -> Image.Image:
        raise NotImplementedError


class Perfect(Answering):
    """Knows the scenes and the grammar. Without image guidance it draws what comes to its mind."""

    def __init__(self, count: int) -> None:
        data = CaptionedScenes(for_training=False)
        self.scenes = {render(scene).tobytes(): scene for scene in (data[index].scene for index in range(count))}
        self.rng = random.Random(0)

    def answer(self, request: EditRequest) -> Image.Image:
        if request.image_guidance == 0:
            return drawn(sample(self.rng.randrange(10**6)))
        try:
            edit = parse_instruction(request.instruction)
            return drawn(on_scene(edit, self.scenes[np.asarray(request.image).tobytes()]))
        except (NotInGrammar, NotApplicable, KeyError):
            return request.image


class Copying(Answering):
    """Gives its image back."""

    def answer(self, request: EditRequest) -> Image.Image:
        return request.image


class Blind(Answering):
    """Draws a scene of its own, whatever it is shown."""

    def __init__(self) -> None:
        self.rng = random.Random(1)

    def answer(self, request: EditRequest) -> Image.Image:
        return drawn(sample(self.rng.randrange(10**6)))


def drawn(scene: Scene) -> Image.Image:
    return Image.fromarray(render(scene))


def mirrored(scene: Scene) -> Scene:
    """Each thing on the other side, as far from the middle."""
    return replace(scene, things=tuple(replace(thing, x=64 - thing.x) for thing in scene.things))
