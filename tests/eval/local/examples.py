"""Things pasted by hand into synthetic photos: what a perfect editor might do. Drawn apart from all training data."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ip2p_eval.local.cases import Ask
from ip2p_eval.local.drawings import PAINTS, paste
from ip2p_eval.local.judge import Subject
from tests.eval.scenes import scene, to_pil

SIDE = 256
RAINBOW = ((210, 40, 40), (240, 140, 30), (240, 225, 50), (60, 180, 70), (50, 100, 220), (120, 60, 180))


def photo(seed: int) -> Image.Image:
    return to_pil(scene(seed, SIDE))


def added(thing: str, before: Image.Image, rng: random.Random, colour: str = "", size: str = "") -> Image.Image:
    """The photo with the thing somewhere sensible."""
    if thing in ("rainbow", "stars", "clouds", "boats"):
        return _crowd(thing, before, rng)
    sticker = _sticker(thing, colour)
    longer = {"small": 0.24, "": 0.34, "big": 0.6}[size] * min(before.size) * rng.uniform(0.85, 1.1)
    scale = longer / max(sticker.size)
    sticker = sticker.resize([round(side * scale) for side in sticker.size], Image.Resampling.LANCZOS)
    x = round(rng.uniform(0.05, 0.95) * (before.width - sticker.width))
    low, high = (0.02, 0.22) if thing in ("moon", "sun", "plane", "kite", "hot air balloon") else (0.2, 0.5)
    y = round(rng.uniform(low, high) * before.height)
    if thing in ("tree", "house", "flower", "snowman", "boat", "car"):
        y = round(before.height * rng.uniform(0.86, 0.98)) - sticker.height
    out = before.copy()
    out.paste(sticker, (x, max(0, y)), sticker)
    return out


def _crowd(thing: str, before: Image.Image, rng: random.Random) -> Image.Image:
    width, height = before.size
    layer = Image.new("RGBA", (width * 2, height * 2))
    draw = ImageDraw.Draw(layer)
    if thing == "rainbow":
        for i, tone in enumerate(RAINBOW):
            r = 0.94 * width - i * 0.05 * width
            draw.ellipse((width - r, 1.15 * height - r, width + r, 1.15 * height + r), fill=(*tone, 205))
        r = 0.64 * width
        draw.ellipse((width - r, 1.15 * height - r, width + r, 1.15 * height + r), fill=(0, 0, 0, 0))
        draw.rectangle((0, 1.15 * height, 2 * width, 2 * height), fill=(0, 0, 0, 0))
    elif thing == "stars":
        for i in range(16):
            x, y = (i % 6 + rng.uniform(0.2, 0.8)) * width / 3, (i // 6 + rng.uniform(0.2, 0.8)) * height / 3
            r = rng.uniform(9, 15)
            upper = [(x, y - r), (x + r / 3, y - r / 3), (x + r, y), (x + r / 3, y + r / 3)]
            lower = [(x, y + r), (x - r / 3, y + r / 3), (x - r, y), (x - r / 3, y - r / 3)]
            draw.polygon(upper + lower, fill=(255, 250, 190, 255))
    elif thing == "clouds":
        for i in range(3):
            x, y = (i + rng.uniform(0.3, 0.7)) * 2 * width / 3, rng.uniform(0.15, 0.4) * height
            for dx in (-60, -20, 25, 65):
                r = rng.uniform(30, 44)
                draw.ellipse((x + dx - 1.2 * r, y - r, x + dx + 1.2 * r, y + r), fill=(246, 246, 248, 255))
    else:
        out = before
        for i in range(3):
            sticker = _sticker("boat", ("red", "white", "blue")[i]).resize((round(0.2 * width), round(0.22 * height)))
            out = out.copy()
            out.paste(sticker, (round((i + 0.3) * width / 3.2), round(rng.uniform(0.62, 0.74) * height)), sticker)
        return out
    small = layer.resize(before.size, Image.Resampling.LANCZOS)
    if thing == "clouds":
        small = small.filter(ImageFilter.GaussianBlur(1.5))
    return Image.alpha_composite(before.convert("RGBA"), small).convert("RGB")


def _sticker(thing: str, colour: str) -> Image.Image:
    image = Image.new("RGBA", (400, 400))
    draw = ImageDraw.Draw(image)
    paint = PAINTS.get(colour, (200, 60, 50))
    if thing in ("moon", "balloon", "boat", "house", "car"):
        blank = Image.new("RGB", (400, 400), (1, 2, 3))
        chosen = colour or {"moon": "white", "house": "white"}.get(thing, "red")
        stuck = paste(blank, thing, chosen, 0.5)
        box = stuck.box
        piece = stuck.photo.crop((box.left, box.top, box.right, box.bottom)).convert("RGBA")
        alpha = (np.abs(np.asarray(piece)[..., :3].astype(int) - (1, 2, 3)).max(-1) > 8).astype(np.uint8) * 255
        piece.putalpha(Image.fromarray(alpha))
        return piece
    if thing == "sun":
        for k in range(12):
            a = k * np.pi / 6
            draw.line([(200, 200), (200 + 190 * np.cos(a), 200 + 190 * np.sin(a))], fill=(250, 190, 30), width=22)
        draw.ellipse((90, 90, 310, 310), fill=(252, 205, 40))
    elif thing == "hot air balloon":
        draw.ellipse((70, 0, 330, 270), fill=paint)
        draw.polygon([(95, 200), (305, 200), (235, 320), (165, 320)], fill=paint)
        draw.rectangle((165, 340, 235, 395), fill=(110, 75, 45))
    elif thing == "kite":
        draw.polygon([(200, 0), (350, 150), (200, 320), (50, 150)], fill=paint if colour else (240, 205, 40))
        draw.line([(200, 320), (170, 360), (220, 398)], fill=(60, 60, 60), width=8)
    elif thing == "bird":
        draw.polygon(
            [(0, 60), (150, 170), (200, 200), (250, 170), (400, 60), (260, 240), (200, 280), (140, 240)],
            fill=(30, 30, 40),
        )
    elif thing == "plane":
        draw.rounded_rectangle((10, 170, 390, 225), 25, fill=(240, 240, 245))
        draw.polygon([(150, 200), (230, 200), (120, 300), (90, 300)], fill=(190, 195, 205))
        draw.polygon([(20, 175), (70, 175), (40, 100), (10, 100)], fill=(60, 90, 180))
    elif thing == "tree":
        draw.rectangle((180, 240, 220, 400), fill=(95, 65, 40))
        for x, y in ((130, 150), (270, 150), (200, 90), (200, 190)):
            draw.ellipse((x - 100, y - 85, x + 100, y + 85), fill=(50, 125, 45))
    elif thing == "flower":
        draw.line([(200, 200), (205, 398)], fill=(40, 120, 40), width=20)
        for k in range(6):
            x, y = 200 + 85 * np.cos(k * np.pi / 3), 120 + 85 * np.sin(k * np.pi / 3)
            draw.ellipse((x - 55, y - 55, x + 55, y + 55), fill=PAINTS["pink"])
        draw.ellipse((160, 80, 240, 160), fill=(240, 200, 50))
    elif thing == "snowman":
        for y, r in ((310, 90), (180, 65), (85, 48)):
            draw.ellipse((200 - r, y - r, 200 + r, y + r), fill=(245, 247, 250), outline=(200, 205, 215), width=4)
        draw.rectangle((165, 10, 235, 50), fill=(30, 30, 30))
    else:
        raise ValueError(thing)
    return image.crop(image.getbbox())


def done(subject: Subject, ask: Ask, rng: random.Random) -> Image.Image:
    """What a perfect editor makes of it."""
    if ask.kind == "add":
        return added(ask.thing, subject.photo, rng, ask.colour, ask.size)
    assert subject.pasted is not None
    if ask.kind == "remove":
        return subject.photo
    box, pixels = subject.pasted.box, np.asarray(subject.asked_of).copy()
    if ask.kind == "recolour":
        pixels[subject.pasted.body] = PAINTS[ask.colour]
        return Image.fromarray(pixels)
    sticker = _sticker(ask.by, "")
    scale = 0.34 * min(subject.photo.size) / max(sticker.size)
    sticker = sticker.resize([round(side * scale) for side in sticker.size], Image.Resampling.LANCZOS)
    out = subject.photo.copy()
    middle = (box.left + box.right) // 2, (box.top + box.bottom) // 2
    out.paste(sticker, (middle[0] - sticker.width // 2, middle[1] - sticker.height // 2), sticker)
    return out
