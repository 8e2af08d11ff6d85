"""The built-in samplers: diffusers schedulers by their usual names, set up for latent editing."""

from __future__ import annotations

from collections.abc import Mapping

from ip2p_cli.api import SamplerFactory, hookimpl
from ip2p_samplers import factories


@hookimpl
def ip2p_register_samplers() -> Mapping[str, SamplerFactory]:
    """The names that `--sampler` takes."""
    return {
        "ddim": factories.ddim,
        "euler": factories.euler,
        "euler_a": factories.euler_a,
        "dpm++2m": factories.dpmpp_2m,
        "dpm++2m-karras": factories.dpmpp_2m_karras,
        "unipc": factories.unipc,
        "pndm": factories.pndm,
    }
