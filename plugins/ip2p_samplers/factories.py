"""One factory a sampler: a checkpoint's scheduler configuration in, a diffusers scheduler out.

What a configuration says of the network (betas, prediction type, timestep spacing, zero-terminal SNR) is kept; what it
says of another sampler (orders, sigma spacings) is not.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ip2p_cli.api import ModelError

Config = Mapping[str, Any]

PLAIN_SIGMAS = {"use_karras_sigmas": False, "use_exponential_sigmas": False, "use_beta_sigmas": False}
MAX_SIGMA = 40.0  # noise to signal, for samplers that cannot start from pure noise; there is no picture left in it


def ddim(config: Config) -> Any:
    """DDIM with eta 0 (Song et al. 2021, arXiv 2010.02502)."""
    # Latents are not bounded by 1: diffusers' default of clipping them is for networks on pixels.
    return _make("DDIMScheduler", {"clip_sample": False, "thresholding": False} | dict(config))


def euler(config: Config) -> Any:
    """Euler steps on the probability-flow ODE (Karras et al. 2022, arXiv 2206.00364, algorithm 2 without churn)."""
    return _make("EulerDiscreteScheduler", config, **PLAIN_SIGMAS, interpolation_type="linear")


def euler_a(config: Config) -> Any:
    """Euler steps with ancestral noise, drawn from each item's own generator."""
    return _make("EulerAncestralDiscreteScheduler", config)


def dpmpp_2m(config: Config) -> Any:
    """DPM-Solver++ (2M) (Lu et al. 2022, arXiv 2211.01095)."""
    return _make("DPMSolverMultistepScheduler", config, **PLAIN_SIGMAS, **_MULTISTEP)


def dpmpp_2m_karras(config: Config) -> Any:
    """DPM-Solver++ (2M) at the noise levels of Karras et al. 2022, equation 5.

    Those levels run evenly from the largest sigma down: from an infinite one (4096 in diffusers) most steps would
    fall where nothing can be seen. So a zero-terminal SNR schedule is cut at MAX_SIGMA.
    """
    return _make("DPMSolverMultistepScheduler", _finite_snr(config), **PLAIN_SIGMAS | _MULTISTEP | _KARRAS)


def unipc(config: Config) -> Any:
    """UniPC of order 2 (Zhao et al. 2023, arXiv 2302.04867)."""
    fixed = {"solver_order": 2, "solver_type": "bh2", "predict_x0": True}
    return _make("UniPCMultistepScheduler", config, **PLAIN_SIGMAS, **fixed)


def pndm(config: Config) -> Any:
    """PLMS, the linear multistep half of PNDM (Liu et al. 2022, arXiv 2202.09778).

    Its transfer step divides by the signal's share, so that a zero-terminal SNR schedule is cut at MAX_SIGMA.
    """
    if config.get("prediction_type") == "sample":
        raise ModelError("sampler 'pndm' cannot run a network that predicts the clean picture: use --sampler ddim")
    return _make("PNDMScheduler", _finite_snr(config), skip_prk_steps=True)


_MULTISTEP = {
    "algorithm_type": "dpmsolver++",
    "solver_order": 2,
    "solver_type": "midpoint",
    "lower_order_final": True,
}
_KARRAS = {"use_karras_sigmas": True}


def _make(class_name: str, config: Config, **fixed: Any) -> Any:
    """A scheduler from what it understands of `config`, with `fixed` on top."""
    import diffusers

    scheduler = getattr(diffusers, class_name)
    understood = inspect.signature(scheduler.__init__).parameters
    return scheduler(**{key: value for key, value in config.items() if key in understood} | fixed)


def _finite_snr(config: Config) -> dict[str, Any]:
    """The configuration with the same noise levels, but none past MAX_SIGMA. As it was where there is none anyway."""
    if not config.get("rescale_betas_zero_snr"):
        return dict(config)
    import numpy as np

    kept = {key: value for key, value in config.items() if key != "rescale_betas_zero_snr"}
    signal = _make("DDIMScheduler", config).alphas_cumprod.double().numpy()  # rescaled to end in 0
    signal = np.maximum(signal, 1 / (1 + MAX_SIGMA**2))
    betas = 1 - signal / np.concatenate([[1.0], signal[:-1]])
    return kept | {"trained_betas": betas.astype(np.float32)}
