"""The built-in samplers: diffusers schedulers by their usual names, set up for latent editing."""

from __future__ import annotations

from collections.abc import Mapping

from ip2p_cli.api import SamplerFactory, hookimpl
from ip2p_samplers import factories

# The first name is the sampler's own; those after it are what other programs call it. Case, spaces, "_" and "-" do not
# count when a name is looked up, and "pp" is "++": `DPM++ 2M Karras` and `dpmpp_2m_karras` need no line here.
NAMES: Mapping[SamplerFactory, tuple[str, ...]] = {
    factories.ddim: ("ddim",),
    factories.ddpm: ("ddpm",),
    factories.euler: ("euler", "k_euler"),
    factories.euler_a: ("euler_a", "k_euler_a", "euler_ancestral", "k_euler_ancestral"),
    factories.heun: ("heun", "k_heun"),
    factories.kdpm2: ("kdpm2", "dpm2"),
    factories.kdpm2_a: ("kdpm2_a", "dpm2_a", "kdpm2_ancestral", "dpm2_ancestral"),
    factories.lms: ("lms", "k_lms"),
    factories.lms_karras: ("lms-karras", "k_lms-karras"),
    factories.dpmpp_2m: ("dpm++2m", "k_dpm++2m"),
    factories.dpmpp_2m_karras: ("dpm++2m-karras", "k_dpm++2m-karras"),
    factories.dpmpp_2m_sde: ("dpm++2m-sde", "k_dpm++2m-sde"),
    factories.dpmpp_2m_sde_karras: ("dpm++2m-sde-karras", "k_dpm++2m-sde-karras"),
    factories.dpmpp_2s: ("dpm++2s",),
    factories.dpmpp_sde: ("dpm++sde", "k_dpm++sde"),
    factories.dpmpp_sde_karras: ("dpm++sde-karras", "k_dpm++sde-karras"),
    factories.deis: ("deis",),
    factories.sa_solver: ("sa-solver",),
    factories.unipc: ("unipc", "uni_pc"),
    factories.pndm: ("pndm", "plms"),
    factories.lcm: ("lcm",),
    factories.tcd: ("tcd",),
}


@hookimpl
def ip2p_register_samplers() -> Mapping[str, SamplerFactory]:
    """The names that `--sampler` takes."""
    return {name: factory for factory, names in NAMES.items() for name in names}
