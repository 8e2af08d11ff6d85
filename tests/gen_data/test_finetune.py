"""Tuning: the loss is on answers only, a stopped run goes on to the same weights, and what it leaves can be used."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ip2p_cli.api import CaptionTask, MissingExtra, UsageError
from ip2p_gen_data.instructions.finetune import IGNORED, add_lora, collate, encode, finetune
from ip2p_gen_data.instructions.local import LocalEngine, SamplingSettings, load_lm
from ip2p_gen_data.instructions.prompt import completion, prompt
from ip2p_gen_data.instructions.triplets import Triplet, read_triplets
from ip2p_train.config import LoopConfig

TRIPLETS = [t for t in read_triplets() if len(t.input) < 40][:20]
CONFIG = LoopConfig(
    max_steps=6,
    batch_size=4,
    learning_rate=1e-2,
    warmup_steps=1,
    ema_decay=0.0,
    precision="fp32",
    log_every=1,
    checkpoint_seconds=0.0,
)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_lm(str(folder))[0].state_dict()


def test_the_loss_is_on_the_answer_only(tiny_lm: Path) -> None:
    _, tokenizer = load_lm(str(tiny_lm))
    triplet = Triplet("a red barn", "paint it blue", "a blue barn")
    ids, labels = encode(tokenizer, triplet)
    given = tokenizer(prompt(triplet.input)).input_ids
    assert ids[: len(given)] == given
    assert labels[: len(given)] == [IGNORED] * len(given)
    assert tokenizer.decode(labels[len(given) :]) == completion(triplet.edit, triplet.output) + tokenizer.eos_token
    assert ids[len(given) :] == labels[len(given) :]


def test_padding_changes_no_loss(tiny_lm: Path) -> None:
    model, tokenizer = load_lm(str(tiny_lm))
    examples = [encode(tokenizer, triplet) for triplet in TRIPLETS[:2]]
    alone = [
        model(**collate([example], 0)).loss * (len(example[1]) - example[1].count(IGNORED)) for example in examples
    ]
    answers = sum(len(labels) - labels.count(IGNORED) for _, labels in examples)
    assert torch.allclose(model(**collate(examples, 0)).loss, sum(alone) / answers, atol=1e-5)


@pytest.mark.parametrize("stop", [1, 4])
def test_a_stopped_run_goes_on_to_the_same_weights(tiny_lm: Path, tmp_path: Path, stop: int) -> None:
    whole = list(finetune(*load_lm(str(tiny_lm)), TRIPLETS, CONFIG, tmp_path / "whole", {}))
    run = finetune(*load_lm(str(tiny_lm)), TRIPLETS, CONFIG, tmp_path / "cut", {})
    for _ in range(stop):
        next(run)
    run.close()
    assert not (tmp_path / "cut" / "config.json").exists()  # nothing that looks finished
    rest = list(finetune(*load_lm(str(tiny_lm)), TRIPLETS, CONFIG, tmp_path / "cut", {}))
    assert [r["loss"] for r in rest] == [r["loss"] for r in whole][rest[0]["step"] - 1 :]
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["transformer.wte.weight"], weights(tiny_lm)["transformer.wte.weight"])


def test_the_seed_decides(tiny_lm: Path, tmp_path: Path) -> None:
    def losses(seed: int, name: str) -> list[float]:
        config = replace(CONFIG, seed=seed, max_steps=2)
        return [r["loss"] for r in finetune(*load_lm(str(tiny_lm)), TRIPLETS, config, tmp_path / name, {})]

    assert losses(1, "a") == losses(1, "b") != losses(2, "c")


def test_a_tuned_model_answers_in_the_form_and_an_untuned_one_does_not(tiny_lm: Path, tmp_path: Path) -> None:
    lesson = [Triplet(f"a {noun}", "make it red", f"a red {noun}") for noun in ("barn", "cat", "boat", "hat")]
    config = replace(CONFIG, max_steps=80, learning_rate=1e-2, warmup_steps=10, checkpoint_seconds=999.0)
    records = list(finetune(*load_lm(str(tiny_lm)), lesson, config, tmp_path, {}))
    assert records[-1]["loss"] < 0.2 * records[0]["loss"]
    tasks = [CaptionTask(triplet.input, seed) for seed, triplet in enumerate(lesson)]
    settings = SamplingSettings(max_tokens=40)
    untuned = LocalEngine(*load_lm(str(tiny_lm)), 4, settings)(tasks)
    tuned = LocalEngine(*load_lm(str(tmp_path)), 4, settings)(tasks)
    assert all(answer.problem for answer in untuned)
    assert [answer.edit for answer in tuned].count("make it red") >= 3
    assert sum(answer.output.startswith("a red") for answer in tuned) >= 3


def test_other_settings_in_one_folder_are_refused(tiny_lm: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, max_steps=1)
    for _ in range(2):
        list(finetune(*load_lm(str(tiny_lm)), TRIPLETS, config, tmp_path, {"seed": 1}))
    with pytest.raises(UsageError, match="other settings"):
        list(finetune(*load_lm(str(tiny_lm)), TRIPLETS, config, tmp_path, {"seed": 2}))


def test_a_triplet_that_is_too_long_is_refused(tiny_lm: Path, tmp_path: Path) -> None:
    long = Triplet("a barn " * 100, "make it red", "a red barn")
    with pytest.raises(UsageError, match="the longest triplet has"):
        next(finetune(*load_lm(str(tiny_lm)), [long], CONFIG, tmp_path, {}))
    assert not list(tmp_path.iterdir())  # the folder is free for the next try


def test_lora_without_peft_is_one_line_with_the_command(tiny_lm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"--lora needs an extra: pip install 'ip2p\[lora\]'"):
        add_lora(load_lm(str(tiny_lm))[0], 4, seed=0)


def test_lora_trains_adapters_and_leaves_a_plain_model(tiny_lm: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")

    def run(folder: Path, stop: int | None = None) -> Any:
        model, tokenizer = load_lm(str(tiny_lm))
        records = finetune(add_lora(model, 4, seed=0), tokenizer, TRIPLETS, CONFIG, folder, {})
        if stop is None:
            return list(records)
        for _ in range(stop):
            next(records)
        records.close()
        return None

    records = run(tmp_path / "whole")
    assert records[-1]["loss"] < records[0]["loss"]
    before, after = weights(tiny_lm), weights(tmp_path / "whole")
    assert set(before) == set(after)
    assert torch.equal(before["transformer.wte.weight"], after["transformer.wte.weight"])
    assert not torch.equal(before["transformer.h.0.attn.c_attn.weight"], after["transformer.h.0.attn.c_attn.weight"])
    run(tmp_path / "cut", stop=3)
    run(tmp_path / "cut")
    again = weights(tmp_path / "cut")
    assert all(torch.equal(after[name], again[name]) for name in after)
    shutil.rmtree(tmp_path / "cut")
