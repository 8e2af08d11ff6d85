"""`ip2p train`: what is wrong is said in one line before any work; what it says otherwise is its own words only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ip2p_gen_data.compose.engine import ComposeConfig, ComposeEngine
from ip2p_gen_data.generate import generate
from tests.commands.conftest import CommandLine
from tests.photos import save
from tests.tiny import TinySpec, make_checkpoint
from tests.train.small import write_text_to_image

REPOSITORY = Path(__file__).parents[2]
CONFIG = """
[loop]
max_steps = 1
batch_size = 2
[editor]
fresh = true
block_out_channels = [32, 32]
time_embedding_dim = 64
attention_heads = 2
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    generate(folder, ComposeEngine((), (), ComposeConfig(size=32)), pairs=4, pairs_per_shard=4, workers=1)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return str(path)


def refusal(ip2p: CommandLine, *arguments: object) -> str:
    """The one line of a `train` that exits with code 2."""
    answer = ip2p("train", *map(str, arguments))
    assert answer.code == 2, answer.err
    [line] = answer.err.splitlines()
    return line


def test_an_empty_folder_is_named_before_a_model_is_looked_for(ip2p: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty holds no dataset" in refusal(ip2p, "empty", "--base", "nosuch")
    assert "empty holds no photos" in refusal(ip2p, "empty", "--part", "autoencoder", "--base", "nosuch")
    assert not (tmp_path / "ip2p-model").exists()


def test_a_dataset_of_no_pairs_is_named(ip2p: CommandLine, tmp_path: Path) -> None:
    from ip2p_cli.api import write_shard

    (tmp_path / "none").mkdir()
    write_shard(tmp_path / "none", 0, 1, [])
    assert "the dataset in none is empty" in refusal(ip2p, "none", "--base", "nosuch")


def test_a_shard_that_is_no_parquet_file_is_named(ip2p: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.parquet").write_bytes(b"PAR1 and no more")
    assert "a.parquet cannot be read" in refusal(ip2p, "torn", "--base", "nosuch")


def test_a_photo_that_cannot_be_read_is_named(ip2p: CommandLine, tmp_path: Path, tiny_checkpoint: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"no photo")
    (tmp_path / "fresh.toml").write_text("[autoencoder]\nfresh = true\n")
    assert "a.jpg cannot be read" in refusal(ip2p, "photos", "--part", "autoencoder", "--config", "fresh.toml")


def test_an_output_that_is_a_file_is_refused(ip2p: CommandLine, tmp_path: Path, data: Path) -> None:
    (tmp_path / "file").touch()
    assert "file is a file" in refusal(ip2p, data, "-o", "file", "--base", "nosuch")


def test_a_folder_of_something_else_is_refused_and_left_as_it_is(ip2p: CommandLine, tmp_path: Path, data: Path) -> None:
    save(tmp_path / "photos" / "a.png")
    line = refusal(ip2p, data, "-o", "photos", "--base", "nosuch")
    assert "photos holds a.png and no run or checkpoint of ip2p; choose another -o" in line
    assert os.listdir(tmp_path / "photos") == ["a.png"]


def test_export_needs_a_checkpoint(ip2p: CommandLine, tmp_path: Path, data: Path) -> None:
    assert refusal(ip2p, data, "-o", "out", "--export") == "ip2p: error: no checkpoint in out; train first"
    assert not (tmp_path / "out").exists()


def test_a_device_that_is_not_there_is_named(ip2p: CommandLine, data: Path) -> None:
    assert "'cuda:99' is not there" in refusal(ip2p, data, "--device", "cuda:99", "--base", "nosuch")
    assert "'gpu' is not known" in refusal(ip2p, data, "--device", "gpu", "--base", "nosuch")


@pytest.mark.parametrize("seed", ["-1", "99999999999999999999999"])
def test_any_number_is_a_seed(ip2p: CommandLine, data: Path, tiny_checkpoint: Path, config: str, seed: str) -> None:
    answer = ip2p("train", str(data), "--base", str(tiny_checkpoint), "--config", config, "--seed", seed)
    assert answer.code == 0, answer.err


def test_a_run_goes_on_in_its_own_folder_and_in_a_checkpoints(
    ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path, config: str
) -> None:
    command = ["train", str(data), "--base", str(tiny_checkpoint), "--config", config, "-o", "out"]
    (tmp_path / "out" / "vae").mkdir(parents=True)
    assert ip2p(*command).code == 0
    assert "holds a run already; go on with --resume" in ip2p(*command).err
    assert ip2p(*command, "--resume", "--max-steps", "2").code == 0
    assert ip2p(*command, "--export").err == "out: weights of step 2\n"


def test_a_checkpoint_of_another_part_is_named(
    ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path, config: str
) -> None:
    command = ["train", str(data), "--base", str(tiny_checkpoint), "-o", "out"]
    assert ip2p(*command, "--config", config).code == 0
    other = Path(config).with_name("other.toml")
    other.write_text(CONFIG.replace("[32, 32]", "[32, 64]"))
    answer = ip2p(*command, "--config", str(other), "--resume")
    assert answer.code == 2
    assert "state.pt cannot be gone on from" in answer.err


def test_a_run_does_not_go_on_with_another_bases_frozen_parts(
    ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path, config: str
) -> None:
    command = ["train", str(data), "--config", config, "-o", "out"]
    assert ip2p(*command, "--base", str(tiny_checkpoint)).code == 0
    make_checkpoint(tmp_path / "other", TinySpec(seed=1))  # of the same shapes
    for further in (["--resume", "--max-steps", "2"], ["--export"]):
        answer = ip2p(*command, "--base", "other", *further)
        assert answer.code == 2
        assert "was trained with another autoencoder, text encoder or schedule" in answer.err
    again = tmp_path / "copied"
    shutil.copytree(tiny_checkpoint, again)  # where a base lies does not matter
    assert ip2p(*command, "--base", str(again), "--resume", "--max-steps", "2").code == 0


def test_a_run_that_has_all_its_steps_says_so(
    ip2p: CommandLine, data: Path, tiny_checkpoint: Path, config: str
) -> None:
    command = ["train", str(data), "--base", str(tiny_checkpoint), "--config", config, "-o", "out"]
    assert ip2p(*command, "--max-steps", "2").err.splitlines()[-1] == "out: editor trained for 2 steps"
    said = ip2p(*command, "--max-steps", "1", "--resume").err.splitlines()[-1]
    assert said.startswith("out: nothing left to do: its checkpoint has 1 steps or more")


def test_a_cache_that_is_a_file_is_named(ip2p: CommandLine, tmp_path: Path, data: Path) -> None:
    (tmp_path / "file").touch()
    assert "file is a file; give a folder with --cache" in refusal(ip2p, data, "--cache", "file", "--base", "nosuch")


def test_a_lora_is_trained_by_an_option(ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path) -> None:
    answer = ip2p("train", str(data), "--base", str(tiny_checkpoint), "--lora", "2", "--max-steps", "1", "-o", "out")
    assert answer.code == 0, answer.err
    assert (tmp_path / "out" / "pytorch_lora_weights.safetensors").exists()
    assert "--lora trains an adapter of an editor" in refusal(ip2p, data, "--part", "autoencoder", "--lora", "2")


def test_a_cache_is_shared_by_runs(ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path) -> None:
    command = ["train", str(data), "--base", str(tiny_checkpoint), "--max-steps", "1", "--cache", "cache"]
    assert ip2p(*command, "-o", "one").code == 0
    written = (tmp_path / "cache" / "tensors.f16").stat()
    assert ip2p(*command, "-o", "two", "--log", "tensorboard").code == 0
    assert (tmp_path / "cache" / "tensors.f16").stat() == written
    assert sorted(os.listdir(tmp_path / "two" / ".train")) == ["log.jsonl", "state.pt", "tensorboard"]
    assert "unknown --log 'wandb'; there are: jsonl, tensorboard" in refusal(ip2p, data, "--log", "wandb")


def test_without_a_base_the_worlds_model_is_gone_on_from_or_else_mini(
    ip2p: CommandLine, tmp_path: Path, data: Path
) -> None:
    from ip2p_gen_data.world import shipped

    write_text_to_image(tmp_path / "models" / "text-to-image")
    ip2p.monkeypatch.setattr(shipped, "_FOLDER", tmp_path / "models")
    command = ["train", str(data), "--max-steps", "1", "--batch-size", "2"]
    world = ip2p(*command, "-o", "world")
    assert world.code == 0 and "mini" not in world.err
    assert json.loads((tmp_path / "world" / "unet" / "config.json").read_text())["in_channels"] == 8
    ip2p.monkeypatch.setattr(shipped, "_FOLDER", tmp_path / "nothing")
    (tmp_path / "small.toml").write_text("[editor]\nresolution = 64\n")
    mini = ip2p(*command, "-o", "mini-2", "--config", "small.toml")
    assert mini.code == 0 and "no text-to-image model 'world': going on from mini" in mini.err


def test_a_column_that_is_missing_and_channels_that_do_not_fit_are_named(
    ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "columns").mkdir()
    pq.write_table(pa.table({"original_image": ["a"], "edit_prompt": ["b"]}), tmp_path / "columns" / "a.parquet")
    assert "a.parquet has no column edited_image; it has: original_image" in refusal(ip2p, "columns")
    shutil.copytree(tiny_checkpoint, tmp_path / "base")
    config = tmp_path / "base" / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"in_channels": 9}))
    assert "its U-Net takes 9 channels" in refusal(ip2p, data, "--base", "base")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_stops_the_run_and_it_goes_on(
    ip2p: CommandLine, tmp_path: Path, data: Path, tiny_checkpoint: Path, config: str
) -> None:
    command = ["train", str(data), "--base", str(tiny_checkpoint), "--config", config, "-o", "out"]
    (tmp_path / "out" / ".train").mkdir(parents=True)
    (tmp_path / "out" / ".train" / f"state.{os.getpid()}.tmp").symlink_to("/dev/full")
    stopped = ip2p(*command)
    assert stopped.code == 4
    assert "state.pt: No space left on device; make room" in stopped.err.splitlines()[-1]
    assert sorted(os.listdir(tmp_path / "out" / ".train")) == ["cache", "log.jsonl"]
    assert ip2p(*command, "--resume").code == 0


def test_nothing_of_the_libraries_is_on_the_terminal(
    tmp_path: Path, data: Path, tiny_checkpoint: Path, config: str
) -> None:
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    done = subprocess.run(
        [sys.executable, "-m", "ip2p_cli", "train", data, "--base", tiny_checkpoint, "--config", config, "-o", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    first, last = done.stderr.splitlines()
    assert first.startswith("step 1/1  loss")
    assert last == "out: editor trained for 1 steps"
