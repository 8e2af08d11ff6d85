"""Output names: they are what the template says, and never leave the output folder."""

from __future__ import annotations

import string
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_cli.errors import UsageError
from ip2p_cli.names import FIELDS, NameValues, check_name_template, expand

VALUES = NameValues(PurePosixPath("trip/day 1/IMG_1.JPG"), ".JPG", "my recipe/../x", "make-it-night", 7, 2)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{stem}{ext}", "trip/day 1/IMG_1.JPG"),
        ("{stem}-{variant:03}{ext}", "trip/day 1/IMG_1-002.JPG"),
        ("{relpath}/{stem}-{recipe}{ext}", "trip/day 1/IMG_1-my-recipe-x.JPG"),
        ("flat/{slug}-{seed}.png", "trip/day 1/flat/make-it-night-7.png"),
        ("all/{relpath}/{stem}{ext}", "all/trip/day 1/IMG_1.JPG"),
    ],
)
def test_templates(template: str, name: str) -> None:
    check_name_template(template)
    assert expand(template, VALUES) == PurePosixPath(name)


def test_relpath_is_nothing_at_the_top() -> None:
    values = NameValues(PurePosixPath("a.jpg"), ".jpg", "r", "s", 0, 0)
    assert expand("{relpath}/{stem}{ext}", values) == PurePosixPath("a.jpg")


@pytest.mark.parametrize(
    "template",
    [
        "../{stem}{ext}",
        "/{stem}{ext}",
        "a/../../{stem}{ext}",
        "C:/{stem}{ext}",
        "..\\{stem}{ext}",
        "{stem}/",
        "",
        ".",
        ".ip2p/{stem}{ext}",
        "{stem.__class__}",
        "{stem!r}{ext}",
        "{0}{ext}",
        "{}",
        "{stem",
        "{stem:>99}{ext}",
        "{variant:9999999}{ext}",
        "{stem}\0{ext}",
        "{stem}\n{ext}",
    ],
)
def test_refused(template: str) -> None:
    with pytest.raises(UsageError):
        check_name_template(template)


def test_an_unknown_field_suggests_the_right_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'variant'"):
        check_name_template("{stem}-{varient}{ext}")


def test_a_source_outside_cannot_be_written_outside() -> None:
    values = NameValues(PurePosixPath("../../etc/x.png"), ".png", "r", "s", 0, 0)
    for template in ("{stem}{ext}", "{relpath}/{stem}{ext}"):
        with pytest.raises(UsageError, match="leaves the output folder"):
            expand(template, values)


PIECE = st.sampled_from(
    ["{" + field + "}" for field in FIELDS] + ["/", "..", ".", "-", "{{", "}}", ".ip2p", "C:", "\\", "~"]
)
TEMPLATES = st.lists(PIECE | st.text(string.printable, max_size=3), max_size=8).map("".join)
PART = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(max_examples=1000)
@given(TEMPLATES, st.lists(PART, min_size=1, max_size=3), PART)
def test_a_name_is_inside_the_output_folder_or_refused(template: str, parts: list[str], recipe: str) -> None:
    relative = PurePosixPath(*parts)
    root = Path("/out/put")
    try:
        check_name_template(template)
        name = expand(template, NameValues(relative, relative.suffix, recipe, "slug", 0, 0))
    except UsageError:
        return
    target = Path(str(root / name))
    assert ".." not in target.parts
    assert target.is_relative_to(root)
    assert target != root
