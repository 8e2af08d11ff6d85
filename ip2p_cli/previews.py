"""Edits that are looked at and not written: what `ip2p edit` would make of a photo, with the same checks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pluggy

from ip2p_cli.checkpoint import open_checkpoint
from ip2p_cli.checks import Checks, require_checks
from ip2p_cli.config import UserConfig
from ip2p_cli.images import MAX_MEGAPIXELS, decode
from ip2p_cli.model_choice import ModelChoice
from ip2p_cli.plan import PhotoPlan, PlannedJob
from ip2p_cli.plugin_manager import collect_samplers
from ip2p_cli.prepare import Preparer, Ready, RunSettings
from ip2p_cli.provenance import Provenance
from ip2p_cli.recipe import merged
from ip2p_cli.sampler_names import with_own_sampler
from ip2p_cli.sources import SourceReader
from ip2p_cli.time_limit import LIMIT
from ip2p_cli.tries import Edited, TryRunner
from ip2p_cli.types import EditJob, Outcome, Preview


class Previews:
    """Edits photos with one model, the user's defaults and every plugin's checks. The model is loaded when needed."""

    def __init__(self, model: ModelChoice, manager: pluggy.PluginManager, config: UserConfig) -> None:
        """
        Raises:
            UsageError, MissingExtra: a check that the user requires is missing, or a default is out of range.
            ModelError: the model cannot be found, or is not one that the editor can run.
        """
        require_checks(manager, config.get("require_checks", ()))
        of_model = open_checkpoint(model.name, manager, offline=model.offline).defaults.settings
        of_user = with_own_sampler(config.step_settings(), collect_samplers(manager))
        self.defaults = merged(of_user, of_model)  # what a step has where it says nothing
        self._model = model
        self._checks = Checks(manager, config.get("check_seconds", LIMIT))
        pixels = config.get("max_megapixels", MAX_MEGAPIXELS)
        self._decode = functools.partial(decode, max_megapixels=pixels, first_only=True)
        self._runner = TryRunner(
            lambda: model.load(manager),
            self._checks,
            model.name,
            size=model.size,
            latent_chain="latent-chain" in model.accelerations,
        )

    def run(self, jobs: Sequence[EditJob]) -> Iterator[Preview]:
        """What would come of each job of one photo (of an animation, its first frame), in their order.

        Raises:
            UsageError, ModelError, EnvironmentStop: as of a run of `ip2p edit`.
        """
        settings = RunSettings(self._model.name)
        preparer = Preparer(settings, self._checks, None, SourceReader(), self._decode)
        prepared = preparer.prepare(PhotoPlan(jobs[0].source, tuple(PlannedJob(self._filled(job)) for job in jobs)))
        for start in range(0, len(prepared), self._model.photos_at_once):
            batch = prepared[start : start + self._model.photos_at_once]
            ready = [item for item in batch if isinstance(item, Ready)]
            ends = iter(self._runner.run(ready) if ready else [])
            for item in batch:
                yield self._preview(next(ends) if isinstance(item, Ready) else item)

    def command(self, job: EditJob) -> str:
        """The command line of `ip2p edit` that writes what `run` shows, whatever the user's defaults are then."""
        model, steps = self._model, self._filled(job).steps
        made = Provenance(
            model.name,
            "",
            steps,
            job.seed,
            job.variant,
            size=model.size,
            lora=model.lora,
            accelerate=tuple(sorted(model.accelerations)),
        )
        return made.again(str(job.source.path))

    def _filled(self, job: EditJob) -> EditJob:
        steps = tuple(replace(step, settings=merged(step.settings, self.defaults)) for step in job.steps)
        return replace(job, steps=steps)

    def _preview(self, end: object) -> Preview:
        if isinstance(end, Edited):
            return Preview(end.outcome(self._model.name), end.image)
        assert isinstance(end, Outcome)  # nothing waits, or is given up: no other run, no request to stop
        return Preview(end, None)
