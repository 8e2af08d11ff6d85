"""Whatever is written in a name template or a recipe: it is valid, or refused as the user's error; nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ip2p_cli.errors import UsageError
from ip2p_cli.names import FIELDS
from ip2p_cli.plan import Chains, destination, plan
from ip2p_cli.recipe import parse_recipe
from ip2p_cli.types import Source, Step
from tests.core.test_recipe import FULL

PIECES = st.sampled_from(
    [*("{" + field + "}" for field in FIELDS), "{variant:03}", "{seed:>9}", "{stem!r}", "{stem.x}", "{0}", "{", "}"]
    + ["/", "//", "..", ".", "-", "{{", "}}", ".ip2p", "C:", "\\", "~", "\0", "\n", " ", "CON", ".png", ".tar", "é"]
)
TEMPLATES = st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join)
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.mark.slow
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(TEMPLATES, st.lists(NAMES, min_size=1, max_size=3), st.text(max_size=8))
def test_name_templates(template: str, parts: list[str], recipe: str) -> None:
    chains = Chains(((Step("make it night"),),), recipe=recipe, variants=2)
    source = Source(Path("/photos", *parts), PurePosixPath(*parts))
    with contextlib.suppress(UsageError):
        target = destination("/nowhere/out", None, template, chains.outputs)
        for photo in plan([source], chains, target):
            for item in photo.jobs:
                assert item.job.output is not None
                relative = item.job.output.relative_to("/nowhere/out")
                assert relative.parts
                assert item.problem is not None or not {"..", ".ip2p"} & {*relative.parts}


LONG = "9" * 5000
VALUES = st.sampled_from(
    [*("1", "0", "-1", "1.5", "nan", "inf", "1e400", "true", '""', '"x"', '"{"', '"{what}"', '"{style:3}"', "[]", "{}")]
    + ["'~nobody/x'", "'\\0'", "1979-05-27", "07:32:00", '["a", 1]', '[["a"]]', "{a = 1}", '"""', LONG, f"0x{LONG}"]
    + [
        "[" * 2000,
        '"\\ud800"',
        '"../{stem}{ext}"',
        '["photos/", ""]',
        "[0.5, 0.5]",
        f"[{', '.join(map(str, range(99)))}]",
    ]
)
KEYS = st.sampled_from(
    [
        *("schema", "name", "description", "steps", "text_guidance", "image_guidance", "sampler", "instruction"),
        "sources",
    ]
    + ["what", "style", "require", "what.x", '"a b"', "", "=", "defaults", "step", "matrix"]
)
HEADERS = st.sampled_from(
    [*("[defaults]", "[input]", "[[step]]", "[variables]", "[matrix]", "[checks]", "[output]", "[step]", "[[matrix]]")]
    + ["[a.b]", "[", "[]", "#"]
)
LINES = st.builds("{} = {}".format, KEYS, VALUES) | HEADERS | st.text(max_size=12) | st.sampled_from(FULL.splitlines())


@st.composite
def recipes(draw: st.DrawFn) -> str:
    """A good recipe with some lines taken out, put in and changed."""
    lines = FULL.splitlines()
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(lines)))
        lines[place : place + draw(st.integers(0, 2))] = [draw(LINES)] if draw(st.booleans()) else []
    return "\n".join(lines)


@pytest.mark.slow
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
@given(recipes() | st.lists(LINES, max_size=8).map("\n".join))
def test_recipe_texts(text: str) -> None:
    with contextlib.suppress(UsageError):
        recipe = parse_recipe(text, "r.toml", Path("/nowhere"))
        chains = Chains(tuple(recipe.chains()), recipe.name)
        target = destination("/nowhere/out", None, recipe.output_name, chains.outputs)
        for photo in plan([Source(Path("/a.jpg"), PurePosixPath("a.jpg"))], chains, target):
            assert len(photo.jobs) == len(chains.chains)
