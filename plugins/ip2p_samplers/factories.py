"""One factory a sampler: a checkpoint's scheduler configuration in, a diffusers scheduler out.

What a configuration says of the network (betas, prediction type, timestep spacing, zero-terminal SNR) is kept; what it
says of another sampler (orders, sigma spacings) is not. A factory refuses a checkpoint that its sampler cannot run.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from ip2p_cli.api import MissingExtra
from ip2p_samplers.schedules import (
    Config,
    bent,
    cut,
    make,
    need_distilled,
    need_prediction,
    need_some_signal,
)

PLAIN_SIGMAS = {"use_karras_sigmas": False, "use_exponential_sigmas": False, "use_beta_sigmas": False}
PLAIN_LATENTS = {"clip_sample": False, "thresholding": False}  # diffusers clips by default, for networks on pixels
_KARRAS = PLAIN_SIGMAS | {"use_karras_sigmas": True}
_SECOND_ORDER = {"solver_order": 2, "solver_type": "midpoint", "lower_order_final": True}
_ODE = _SECOND_ORDER | {"algorithm_type": "dpmsolver++"}
_SDE = _SECOND_ORDER | {"algorithm_type": "sde-dpmsolver++"}


def ddim(config: Config) -> Any:
    """DDIM with eta 0 (Song et al. 2021, arXiv 2010.02502)."""
    return make("DDIMScheduler", PLAIN_LATENTS | dict(config))


def ddpm(config: Config) -> Any:
    """Ancestral sampling with the posterior's variance (Ho et al. 2020, arXiv 2006.11239, equation 7)."""
    return make("DDPMScheduler", PLAIN_LATENTS | dict(config), variance_type="fixed_small")


def euler(config: Config) -> Any:
    """Euler steps on the probability-flow ODE (Karras et al. 2022, arXiv 2206.00364, algorithm 2 without churn)."""
    return make("EulerDiscreteScheduler", config, **PLAIN_SIGMAS, interpolation_type="linear")


def euler_a(config: Config) -> Any:
    """Euler steps with ancestral noise, drawn from each item's own generator."""
    need_prediction("euler_a", config)
    return make("EulerAncestralDiscreteScheduler", config)


def heun(config: Config) -> Any:
    """Euler steps, each corrected at its end (Karras et al. 2022, algorithm 1 without churn): two calls a step."""
    return make("HeunDiscreteScheduler", bent(config), **PLAIN_SIGMAS)


def kdpm2(config: Config) -> Any:
    """Midpoint steps, as `dpm_2` of k-diffusion (Karras et al. 2022): two calls a step.

    Its first step must begin at the last noise level: from a lower one, where "leading" spacing begins, it
    overshoots, and 12 steps end with a spread that is a tenth too wide.
    """
    need_prediction("kdpm2", config)
    return make("KDPM2DiscreteScheduler", bent(config), **PLAIN_SIGMAS, timestep_spacing="trailing")


def kdpm2_a(config: Config) -> Any:
    """As `kdpm2`, with ancestral noise from each item's own generator."""
    need_prediction("kdpm2_a", config)
    return make("KDPM2AncestralDiscreteScheduler", bent(config), **PLAIN_SIGMAS, timestep_spacing="trailing")


def lms(config: Config) -> Any:
    """Linear multistep of order 4 on the probability-flow ODE, as `lms` of k-diffusion."""
    _need_scipy("lms")
    return make("LMSDiscreteScheduler", bent(config), **PLAIN_SIGMAS)


def lms_karras(config: Config) -> Any:
    """As `lms`, at the noise levels of `dpmpp_2m_karras`."""
    _need_scipy("lms-karras")
    return make("LMSDiscreteScheduler", cut(config), **_KARRAS)


def dpmpp_2m(config: Config) -> Any:
    """DPM-Solver++ (2M) (Lu et al. 2022, arXiv 2211.01095)."""
    return make("DPMSolverMultistepScheduler", config, **PLAIN_SIGMAS, **_ODE)


def dpmpp_2m_karras(config: Config) -> Any:
    """DPM-Solver++ (2M) at the noise levels of Karras et al. 2022, equation 5.

    Those levels run evenly from the largest sigma down: from an infinite one (4096 in diffusers) most steps would
    fall where nothing can be seen. So a zero-terminal SNR schedule is cut at MAX_SIGMA.
    """
    return make("DPMSolverMultistepScheduler", cut(config), **_KARRAS, **_ODE)


def dpmpp_2m_sde(config: Config) -> Any:
    """SDE-DPM-Solver++ (2M) (Lu et al. 2022, section 5), its noise from each item's own generator."""
    return make("DPMSolverMultistepScheduler", config, **PLAIN_SIGMAS, **_SDE)


def dpmpp_2m_sde_karras(config: Config) -> Any:
    """As `dpmpp_2m_sde`, at the noise levels of `dpmpp_2m_karras`."""
    return make("DPMSolverMultistepScheduler", cut(config), **_KARRAS, **_SDE)


def dpmpp_2s(config: Config) -> Any:
    """DPM-Solver++ (2S) (Lu et al. 2022, algorithm 1): each pair of steps is one step of second order."""
    return make("DPMSolverSinglestepScheduler", bent(config), **PLAIN_SIGMAS, **_ODE)


def dpmpp_sde(config: Config) -> Any:
    """The single-step SDE-DPM-Solver++, its noise from each item's own generator."""
    return make("DPMSolverSinglestepScheduler", bent(config), **PLAIN_SIGMAS, **_SDE)


def dpmpp_sde_karras(config: Config) -> Any:
    """As `dpmpp_sde`, at the noise levels of Karras et al. 2022."""
    need_some_signal("dpm++sde-karras", config, "dpm++sde")
    return make("DPMSolverSinglestepScheduler", config, **_KARRAS, **_SDE)


def deis(config: Config) -> Any:
    """DEIS of order 2 in log rho (Zhang and Chen 2023, arXiv 2204.13902)."""
    fixed = {"solver_order": 2, "solver_type": "logrho", "algorithm_type": "deis", "lower_order_final": True}
    return make("DEISMultistepScheduler", bent(config), **PLAIN_SIGMAS, **fixed)


def sa_solver(config: Config) -> Any:
    """The stochastic Adams method SA-Solver (Xue et al. 2023, arXiv 2309.05019), noise between t = 200 and 800."""
    fixed = {"predictor_order": 2, "corrector_order": 2, "algorithm_type": "data_prediction"}
    return make("SASolverScheduler", bent(config), **PLAIN_SIGMAS, **fixed)


def unipc(config: Config) -> Any:
    """UniPC of order 2 (Zhao et al. 2023, arXiv 2302.04867)."""
    fixed = {"solver_order": 2, "solver_type": "bh2", "predict_x0": True}
    return make("UniPCMultistepScheduler", config, **PLAIN_SIGMAS, **fixed)


def pndm(config: Config) -> Any:
    """PLMS, the linear multistep half of PNDM (Liu et al. 2022, arXiv 2202.09778).

    Its transfer step divides by the signal's share, so that a zero-terminal SNR schedule is cut at MAX_SIGMA.
    """
    need_prediction("pndm", config)
    return make("PNDMScheduler", cut(config), skip_prk_steps=True)


def lcm(config: Config) -> Any:
    """Consistency steps of a latent consistency model (Luo et al. 2023, arXiv 2310.04378), at most 50."""
    need_distilled("lcm", config, "LCMScheduler")
    return make("LCMScheduler", PLAIN_LATENTS | dict(config))


def tcd(config: Config) -> Any:
    """Steps of trajectory consistency distillation (Zheng et al. 2024, arXiv 2402.19159), gamma 0.3, at most 50."""
    need_distilled("tcd", config, "TCDScheduler")
    return make("TCDScheduler", PLAIN_LATENTS | dict(config))


def _need_scipy(sampler: str) -> None:
    if importlib.util.find_spec("scipy") is None:
        raise MissingExtra(f"sampler {sampler!r}", "lms")
