"""From `--device`, `--workers`, `--engine` and `--address` to where the work is done."""

from __future__ import annotations

from ip2p_cli.errors import UsageError
from ip2p_cli.workers.channel import Workplace

ALL = "all"


def choose_workplace(
    device: str | None, workers: int | None = None, *, ray: bool = False, address: str | None = None
) -> Workplace | str | None:
    """Where the work is done: by several workers, or in this process on the device that is given back.

    Args:
        device: one, several divided by commas (one worker each), "all" CUDA devices, or None for the best there is.
        workers: how many; they are dealt to the devices in turn. On Ray, None is one for each GPU, or each node.
        ray: on a Ray cluster.
        address: of that cluster; None: as Ray finds it, or one of this machine alone.

    Raises:
        UsageError: these contradict each other, or there is no such device.
        MissingExtra: Ray is not installed.
    """
    if ray:
        from ip2p_cli.workers.ray_actors import RayCluster

        return RayCluster.checked(device, workers, address)
    if address is not None:
        raise UsageError("--address is that of a Ray cluster; give --engine ray with it, or leave it out")
    devices = _devices(device, workers)
    if len(devices) == 1:
        return devices[0]
    from ip2p_cli.workers.processes import Processes

    return Processes(devices)


def first_device(device: str | None) -> str | None:
    """The one device of what `--device` takes that is used where there are no workers."""
    return "auto" if device == ALL else device and device.split(",")[0].strip()


def _devices(device: str | None, workers: int | None) -> tuple[str | None, ...]:
    """The device of each worker."""
    if device == ALL:
        named = _all_devices()
        if not named:
            raise UsageError("--device all: there is no CUDA device here; name one, as in --device cpu")
    elif device is None and workers is not None and workers > 1:
        named = _all_devices() or [None]
    else:
        named = [None] if device is None else [name.strip() for name in device.split(",")]
    if "" in named:
        raise UsageError(f"--device {device}: there is an empty name among them")
    return tuple(named[number % len(named)] for number in range(workers or len(named)))


def _all_devices() -> list[str | None]:
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
