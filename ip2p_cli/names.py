"""Output names from templates such as `{relpath}/{stem}-{variant}{ext}`; they never leave the output folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from ip2p_cli import templates
from ip2p_cli.errors import UsageError
from ip2p_cli.suggest import did_you_mean

FIELDS = ("relpath", "stem", "ext", "recipe", "slug", "seed", "variant")
ONE_OUTPUT = "{stem}{ext}"
SEVERAL_OUTPUTS = "{stem}-{variant}{ext}"
JOURNAL_FOLDER = ".ip2p"
_NUMBER_FORMAT = re.compile(r"0?\d{0,2}d?")


@dataclass(frozen=True)
class NameValues:
    """What the fields of a name template stand for."""

    relative: PurePosixPath  # the source's folder and name under the output root
    extension: str  # with its dot, or empty
    recipe: str
    slug: str
    seed: int
    variant: int


def check_name_template(template: str) -> None:
    """See that a template can only make names inside the output folder.

    Raises:
        UsageError: an unknown field, an absolute path, `..`, or no file name at the end.
    """
    for literal, field, spec in templates.split(template):
        if "\\" in literal or any(ord(character) < 32 for character in literal):
            raise UsageError(f"name template {template!r}: backslashes and control characters cannot stand in a name")
        if field is not None and field not in FIELDS:
            raise UsageError(f"name template {template!r}: unknown field {{{field}}}; {did_you_mean(field, FIELDS)}")
        if spec and (field not in ("seed", "variant") or not _NUMBER_FORMAT.fullmatch(spec)):
            raise UsageError(f"name template {template!r}: {{{field}:{spec}}} is no format; write as in {{variant:03}}")
    # {relpath} is "." at the top, so a template that starts with it is not absolute.
    expand(template, NameValues(PurePosixPath("stem.ext"), ".ext", "recipe", "slug", 0, 0))


def expand(template: str, values: NameValues) -> PurePosixPath:
    """The name, relative to the output root; without {relpath} in the template the source's folder is kept too.

    Raises:
        UsageError: the name would leave the output folder, or is not a file name.
    """
    folder = values.relative.parent
    filled = templates.fill(
        template,
        {
            "relpath": str(folder),
            "stem": values.relative.stem,
            "ext": values.extension,
            "recipe": templates.slug(values.recipe),
            "slug": values.slug,
            "seed": values.seed,
            "variant": values.variant,
        },
    )
    parts = [*folder.parts, *filled.split("/")]
    if (
        filled.startswith("/")
        or folder.is_absolute()
        or re.match(r"[A-Za-z]:", filled)
        or ".." in parts
        or "\0" in filled
    ):
        raise UsageError(f"name template {template!r} gives {filled!r}, which leaves the output folder")
    if parts[-1] in ("", ".") or JOURNAL_FOLDER in parts:
        raise UsageError(
            f"name template {template!r} gives {filled!r}, which is no file name; end it in {{stem}}{{ext}}"
        )
    name = PurePosixPath(filled)
    return name if "relpath" in templates.fields(template) else folder / name
