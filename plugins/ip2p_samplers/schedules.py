"""From a checkpoint's scheduler configuration to a diffusers scheduler, and what a zero-terminal SNR does on the way.

A schedule with zero-terminal SNR (Lin et al. 2024, arXiv 2305.08891) ends in pure noise: its last noise-to-signal ratio
sigma is infinite. Samplers that divide by the signal need it finite. Which way suits which was measured with the
oracle of `tests/contracts/sampler_contract.py`: docs/samplers.md has the figures.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import ModelError

if TYPE_CHECKING:
    import numpy as np

Config = Mapping[str, Any]

MAX_SIGMA = 40.0  # there is no picture left in so much noise
LAST_SIGMA = 80.0  # of `bent`


def make(class_name: str, config: Config, **fixed: Any) -> Any:
    """A scheduler from what it understands of `config`, with `fixed` on top."""
    import diffusers

    scheduler = getattr(diffusers, class_name)
    understood = inspect.signature(scheduler.__init__).parameters
    return scheduler(**{key: value for key, value in config.items() if key in understood} | fixed)


def bent(config: Config) -> dict[str, Any]:
    """The same noise levels up to MAX_SIGMA; those past it rise evenly to LAST_SIGMA. As it was where none is infinite.

    For schedulers of diffusers that know nothing of zero SNR: they would leave the setting out, and so take
    other noise levels than the network was trained on, without a word. No two levels are the same: most of them
    divide by the distance between two. (A last level of 4096, which diffusers takes where it knows zero SNR, makes
    Heun's first correction too large: with 4 steps its pictures are 2.5 times as wide as they should be.)
    """
    signal = _signal_of_zero_snr(config)
    if signal is None:
        return dict(config)
    import numpy as np

    sigma = np.sqrt((1 - signal) / np.maximum(signal, np.finfo(float).tiny))
    past = int((sigma > MAX_SIGMA).sum())
    sigma[len(sigma) - past :] = MAX_SIGMA * (LAST_SIGMA / MAX_SIGMA) ** (np.arange(1, past + 1) / past)
    return _with_signal(config, 1 / (1 + sigma**2))


def cut(config: Config) -> dict[str, Any]:
    """The same noise levels, but none past MAX_SIGMA. As it was where there is none anyway.

    Its last levels are one and the same: for samplers that never stand at two of them.
    """
    signal = _signal_of_zero_snr(config)
    if signal is None:
        return dict(config)
    import numpy as np

    return _with_signal(config, np.maximum(signal, 1 / (1 + MAX_SIGMA**2)))


def need_prediction(sampler: str, config: Config, known: Collection[str] = ("epsilon", "v_prediction")) -> None:
    """See that a sampler can run a network that predicts what this one does.

    Raises:
        ModelError: it cannot.
    """
    predicted = config.get("prediction_type", "epsilon")
    if predicted not in known:
        what = "the clean picture" if predicted == "sample" else repr(predicted)
        raise ModelError(f"sampler {sampler!r} cannot run a network that predicts {what}: use --sampler ddim")


def need_some_signal(sampler: str, config: Config, instead: str) -> None:
    """See that a schedule has no zero-terminal SNR, for a sampler that was measured not to draw rightly there.

    Raises:
        ModelError: it has.
    """
    if config.get("rescale_betas_zero_snr"):
        raise ModelError(
            f"sampler {sampler!r} does not draw rightly from a schedule with zero-terminal SNR, which this checkpoint"
            f" has: use --sampler {instead}"
        )


def need_distilled(sampler: str, config: Config, class_name: str) -> None:
    """See that a checkpoint was distilled for a few-step sampler: its own scheduler then is of that sampler's class.

    Raises:
        ModelError: it was not. An ordinary network comes out blurred there, whatever the steps.
    """
    own = config.get("_class_name")
    if own != class_name:
        raise ModelError(
            f"sampler {sampler!r} is for checkpoints that were distilled for it, whose scheduler_config.json names"
            f" {class_name}; this one's names {own}: use --sampler dpm++2m, which needs few steps too"
        )


def _signal_of_zero_snr(config: Config) -> np.ndarray | None:
    """The cumulative alphas, rescaled to end in 0; None where the schedule has no zero-terminal SNR.  # (timesteps,)"""
    if not config.get("rescale_betas_zero_snr"):
        return None
    signal: np.ndarray = make("DDIMScheduler", config).alphas_cumprod.double().numpy()
    return signal


def _with_signal(config: Config, signal: np.ndarray) -> dict[str, Any]:
    import numpy as np

    kept = {key: value for key, value in config.items() if key != "rescale_betas_zero_snr"}
    betas = 1 - signal / np.concatenate([[1.0], signal[:-1]])
    return kept | {"trained_betas": betas.astype(np.float32)}
