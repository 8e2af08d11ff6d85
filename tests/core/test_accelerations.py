"""What `--accelerate` takes, and that a chain hands on latents where it may."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.accelerations import NAMES, OF_FAST, Accelerations, parse_accelerations
from ip2p_cli.additions import Additions
from ip2p_cli.errors import ModelError, UsageError
from ip2p_cli.prepare import RunSettings
from ip2p_cli.provenance import Provenance
from ip2p_cli.tiny_decoder import TinyDecoder, find_tiny_decoder
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
    assert parse_accelerations(asked) == Accelerations(tuple(sorted(names)))
    assert parse_accelerations(parse_accelerations(asked).asked) == parse_accelerations(asked)


def test_fast_is_made_of_known_ones() -> None:
    assert set(OF_FAST) <= set(NAMES)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("late-guidence", "did you mean 'late-guidance'?"),
        ("compile=1", "takes no value"),
        ("tiny-decoder", "name a decoder"),
        ("tiny-decoder=", "name a decoder"),
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


def test_an_output_says_it_but_not_where_a_decoder_was(tmp_path: Path) -> None:
    asked = parse_accelerations([f"tiny-decoder={tmp_path / 'private' / 'small'}", "late-guidance"])
    assert asked.public == ("late-guidance", "tiny-decoder=small")
    provenance = RunSettings("m", accelerate=asked.public).provenance(JOB)
    assert Provenance.from_json(provenance.to_json()) == provenance
    assert "--accelerate late-guidance --accelerate tiny-decoder=small" in provenance.again()
    assert parse_accelerations(["tiny-decoder=madebyollin/taesd"]).public == ("tiny-decoder=madebyollin/taesd",)
    assert Provenance.from_json(Provenance("m", "f", ()).to_json().replace('"accelerate": [], ', "")).accelerate == ()


def test_weights_that_are_added_change_the_fingerprint(tmp_path: Path) -> None:
    decoders = [TinyDecoder(tmp_path, "one"), TinyDecoder(tmp_path, "two")]
    prints = [Additions(decoder=decoder).fingerprint("f") for decoder in (None, *decoders)]
    assert len(set(prints)) == 3
    assert prints[0] == "f"


@pytest.mark.parametrize(
    ("config", "says"),
    [(None, "has no config.json"), ('{"_class_name": "AutoencoderKL"}', "of class AutoencoderKL"), ("{", "cannot be")],
)
def test_what_is_no_small_decoder_is_refused(tmp_path: Path, config: str | None, says: str) -> None:
    (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelError, match=says):
        find_tiny_decoder(str(tmp_path), offline=True)


@pytest.mark.parametrize("name", ["no/where/at/all", "nobody-has/this-one"])
def test_a_decoder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ModelError, match=name):
        find_tiny_decoder(name, offline=True)


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
    assert bench.editor.chains == ([["x", "longer"]] * 3 if latent_chain else [])
    assert Image.open(bench.out / "0.png").tobytes() == shifted(gradient(20, 15), 47 + 82).tobytes()


def test_a_step_that_asks_where_it_may_change_needs_the_picture_before_it(bench: Bench) -> None:
    from ip2p_cli.plan import Chains

    chain = (Step("x"), Step("longer", StepSettings(auto_mask=True)))
    assert bench.run(plans=bench.plans(Chains((chain,))), latent_chain=True) == ["done"] * 3
    assert isinstance(bench.editor, ChainEditor)
    assert bench.editor.chains == []


def test_of_whole_chains_too_only_the_guilty_one_is_lost(bench: Bench) -> None:
    from tests.fakes import EXPLOSIVE

    save(bench.photos / "1.png", Image.new("RGB", (20, 15), EXPLOSIVE))
    assert bench.run("x", "longer", latent_chain=True) == ["done", "failed", "done"]
