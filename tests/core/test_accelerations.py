"""What `--accelerate` takes, and that a chain hands on latents where it may."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.accelerations import NAMES, OF_FAST, parse_accelerations
from ip2p_cli.errors import UsageError
from ip2p_cli.prepare import RunSettings
from ip2p_cli.provenance import Provenance
from ip2p_cli.types import EditJob, Source, Step, StepSettings
from tests.core.bench import Bench
from tests.fakes import FakeEditor, shifted
from tests.photos import gradient, save

JOB = EditJob(Source(None, PurePosixPath("a")), None, (Step("x"),))


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ([], ()),
        (["late-guidance"], ("late-guidance",)),
        (["late-guidance", "compile", "late-guidance"], ("compile", "late-guidance")),
        (["fast"], OF_FAST),
        (["fast", "none"], ()),
        (["fast", "none", "compile"], ("compile",)),
    ],
)
def test_names_stand_for_a_set(asked: list[str], names: tuple[str, ...]) -> None:
    assert parse_accelerations(asked) == set(names)
    assert parse_accelerations(sorted(parse_accelerations(asked))) == set(names)


def test_fast_is_made_of_known_ones() -> None:
    assert set(OF_FAST) <= set(NAMES)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("late-guidence", "did you mean 'late-guidance'?"),
        ("", "is not known"),
    ],
)
def test_what_is_no_acceleration_is_refused(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_accelerations(["fast", name])


def test_what_is_traded_is_part_of_what_an_output_is_made_from() -> None:
    keys = [RunSettings("m", accelerate=names).key(JOB, b"") for names in ((), ("compile",), ("late-guidance",))]
    assert len(set(keys)) == 3
    assert keys[0] == RunSettings("m").key(JOB, b""), "outputs of before are made from the same"


def test_an_output_says_it() -> None:
    provenance = RunSettings("m", accelerate=("compile", "late-guidance")).provenance(JOB)
    assert Provenance.from_json(provenance.to_json()) == provenance
    assert "--accelerate compile --accelerate late-guidance" in provenance.again()
    assert Provenance.from_json(Provenance("m", "f", ()).to_json().replace('"accelerate": [], ', "")).accelerate == ()


class ChainEditor(FakeEditor):
    """Notes the chains that it gets at once."""

    def __init__(self) -> None:
        super().__init__()
        self.chains: list[list[str]] = []

    def edit_chains(self, chains: Any, **options: Any) -> Any:
        self.chains += [[request.instruction for request in chain] for chain in chains]
        return super().edit_chains(chains, **options)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for number in range(3):
        save(tmp_path / "photos" / f"{number}.png", gradient(20 + number, 15))
    return Bench(tmp_path, ChainEditor())


@pytest.mark.parametrize("latent_chain", [False, True])
def test_a_chain_is_handed_to_the_editor_whole_where_latents_are_handed_on(bench: Bench, latent_chain: bool) -> None:
    assert bench.run("x", "longer", latent_chain=latent_chain) == ["done"] * 3
    assert isinstance(bench.editor, ChainEditor)
    assert bench.editor.chains == ([["x", "longer"]] * 3 if latent_chain else [["x"]] * 3 + [["longer"]] * 3)
    assert [len(outcome.settings) for outcome in bench.recorder.outcomes] == [2] * 3, "each step's"
    assert Image.open(bench.out / "0.png").tobytes() == shifted(gradient(20, 15), 47 + 82).tobytes()


def test_a_step_that_asks_where_it_may_change_needs_the_picture_before_it(bench: Bench) -> None:
    from ip2p_cli.plan import Chains

    chain = (Step("x"), Step("longer", StepSettings(auto_mask=True)))
    assert bench.run(plans=bench.plans(Chains((chain,))), latent_chain=True) == ["done"] * 3
    assert isinstance(bench.editor, ChainEditor)
    assert all(len(chain) == 1 for chain in bench.editor.chains)


def test_of_whole_chains_too_only_the_guilty_one_is_lost(bench: Bench) -> None:
    from tests.fakes import EXPLOSIVE

    save(bench.photos / "1.png", Image.new("RGB", (20, 15), EXPLOSIVE))
    assert bench.run("x", "longer", latent_chain=True) == ["done", "failed", "done"]
