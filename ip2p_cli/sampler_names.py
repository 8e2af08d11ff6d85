"""Which registered sampler a name means: people write `DPM++ 2M Karras`, `dpmpp_2m_karras` and `dpm++2m-karras`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ip2p_cli.errors import Ip2pError, ModelError, UsageError
from ip2p_cli.hookspecs import SamplerFactory
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import StepSettings


def sampler_named(asked: str, samplers: Mapping[str, SamplerFactory]) -> str:
    """The own name of the sampler that is asked for: one sampler has one name in journals and metadata.

    Case, spaces, "_" and "-" do not count, and "pp" is "++". Names that a plugin registers for one and the same
    factory are aliases of the first of them.

    Raises:
        UsageError: no sampler is called that; the nearest name is suggested.
    """
    folded = {_fold(name): name for name in reversed([*samplers])}
    found = asked if asked in samplers else folded.get(_fold(asked))
    if found is None:
        raise UsageError(f"sampler {asked!r} is not known; {did_you_mean(asked, samplers, shown=own_names(samplers))}")
    return next(name for name, factory in samplers.items() if factory is samplers[found])


def check_samplers(names: Iterable[str], samplers: Mapping[str, SamplerFactory], scheduler: Mapping[str, Any]) -> None:
    """See that the samplers of these names, or aliases, can run a checkpoint with that scheduler configuration.

    Raises:
        UsageError: there is none of such a name.
        ModelError: one cannot run it; the reason is told.
        MissingExtra: one needs a package that is not installed.
    """
    for name in names:
        try:
            samplers[sampler_named(name, samplers)](scheduler)
        except Ip2pError:
            raise
        except Exception as problem:  # a plugin's own code
            raise ModelError(
                f"sampler {name!r} cannot be set up for this checkpoint ({type(problem).__name__}: {problem}), "
                "which is a fault in its plugin; choose another --sampler"
            ) from problem


def with_own_sampler(settings: StepSettings, samplers: Mapping[str, SamplerFactory]) -> StepSettings:
    """The settings with the sampler's own name, whatever it was asked for by.

    Raises:
        UsageError: no sampler is called that.
    """
    asked = settings.sampler
    return settings if asked is None else replace(settings, sampler=sampler_named(asked, samplers))


def own_names(samplers: Mapping[str, SamplerFactory]) -> Collection[str]:
    """One name for each sampler, without the aliases."""
    return {id(factory): name for name, factory in reversed([*samplers.items()])}.values()


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.lower()).replace("++", "pp")
