"""What options choose between. Apart from the modules that act on it, which `ip2p --help` need not load."""

from __future__ import annotations

from enum import Enum


class Engine(str, Enum):
    """What workers are."""

    LOCAL = "local"  # processes of this machine
    RAY = "ray"  # actors on a cluster


class Frames(str, Enum):
    """Which pictures of a file of several (an animation, pages) are edited and written."""

    ALL = "all"
    FIRST = "first"


class Metadata(str, Enum):
    """What an output keeps of the input's EXIF and XMP. The ICC profile stays: without it the colours are wrong."""

    KEEP = "keep"
    STRIP_GPS = "strip-gps"
    STRIP_ALL = "strip-all"


class OnExists(str, Enum):
    """What to do where an output is there already."""

    RESUME = "resume"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    ERROR = "error"
