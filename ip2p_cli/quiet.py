"""Keeps what diffusers and transformers tell their developers off a user's terminal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """No notes and progress bars of the libraries inside; their errors still show."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    both = (diffusers_logging, transformers_logging)
    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for library in both]
    for library in both:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of options whose new names older releases do not know
            yield
    finally:
        for library, (verbosity, bars) in zip(both, before, strict=True):
            library.set_verbosity(verbosity)
            if bars:  # else somebody around this has switched them off
                library.enable_progress_bar()
