"""The local engine: a row's answer is its own at any batch size, and is drawn as it is said to be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from ip2p_cli.api import CaptionTask, ModelError, UsageError
from ip2p_gen_data.instructions.local import LocalEngine, SamplingSettings, load_lm, make_local
from ip2p_gen_data.instructions.prompt import AFTER_CAPTION, AFTER_EDIT, STOP
from ip2p_gen_data.instructions.sampling import FrequencyPenalty, RowSampling
from ip2p_gen_data.instructions.triplets import read_triplets

SHORT = SamplingSettings(max_tokens=12)
TASKS = [CaptionTask(triplet.input, 100 + number) for number, triplet in enumerate(read_triplets()[:11])]


def answers(folder: Path, batch_size: int, tasks: list[CaptionTask], settings: SamplingSettings = SHORT) -> list[str]:
    return [answer.raw for answer in LocalEngine(*load_lm(str(folder)), batch_size, settings)(tasks)]


def test_a_row_has_the_same_answer_at_any_batch_size_and_in_any_order(tiny_lm: Path) -> None:
    alone = answers(tiny_lm, 1, TASKS)
    assert len(set(alone)) == len(alone)
    assert answers(tiny_lm, 4, TASKS) == alone
    assert answers(tiny_lm, 32, TASKS) == alone
    assert answers(tiny_lm, 3, TASKS[::-1]) == alone[::-1]


def test_the_seed_decides(tiny_lm: Path) -> None:
    first, again, other = (CaptionTask("a red barn", seed) for seed in (1, 1, 2))
    found = answers(tiny_lm, 3, [first, again, other])
    assert found[0] == found[1] != found[2]


def test_an_answer_has_at_most_the_tokens_allowed_and_ends_at_the_stop(tiny_lm: Path) -> None:
    model, tokenizer = load_lm(str(tiny_lm))
    wanted = tokenizer(f"go{AFTER_EDIT}a dog{STOP}").input_ids
    prompts = {f"{caption}{AFTER_CAPTION}": caption for caption in ("a cat", "a longer caption of a cat")}
    forced = {len(tokenizer(text).input_ids): wanted for text in prompts}

    class Forced(torch.nn.Module):
        """Says what is wanted, then talks on."""

        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            at = input_ids.shape[1] - max(forced)
            token = wanted[at] if at < len(wanted) else wanted[0]
            return torch.zeros_like(scores).index_fill_(1, torch.tensor([token]), 1e4)

    engine = LocalEngine(model, tokenizer, 2, SamplingSettings(max_tokens=50))
    original = model.generate
    model.generate = lambda **given: original(**{**given, "logits_processor": [Forced()]})  # type: ignore[method-assign]
    for answer in engine([CaptionTask(caption, 1) for caption in prompts.values()]):
        assert (answer.edit, answer.output) == ("go", "a dog")
        assert answer.raw.count("a dog") == 1


def test_what_the_checkpoint_says_of_sampling_is_not_mixed_in(tiny_lm: Path) -> None:
    model, tokenizer = load_lm(str(tiny_lm))
    model.generation_config.update(do_sample=True, top_k=1, repetition_penalty=9.0, min_new_tokens=8)
    engine = LocalEngine(model, tokenizer, 4, SHORT)
    assert [answer.raw for answer in engine(TASKS[:3])] == answers(tiny_lm, 4, TASKS[:3])


def test_a_caption_that_is_too_long_is_a_problem_of_its_own(tiny_lm: Path) -> None:
    engine = LocalEngine(*load_lm(str(tiny_lm)), 4, SHORT)
    first, second = engine([CaptionTask("a barn " * 300, 1), CaptionTask("a barn", 2)])
    assert "too long for the model" in first.problem
    assert second.raw


def test_the_frequency_penalty_counts_what_was_sampled_and_not_the_prompt() -> None:
    ids = torch.tensor([[5, 5, 5, 1, 2, 2], [5, 0, 0, 3, 3, 3]])
    scores = torch.arange(12.0).reshape(2, 6)
    less = scores - FrequencyPenalty(0.1, prompt_length=3)(ids, scores)
    assert torch.allclose(less, 0.1 * torch.tensor([[0, 1, 2, 0, 0, 0], [0, 0, 0, 3, 0, 0]]), atol=1e-6)


def test_draws_are_distributed_as_the_softmax() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, float("-inf")]])
    rows = 4000
    drawn = RowSampling(range(rows), 0.7)(torch.zeros(rows, 1, dtype=torch.long), logits.expand(rows, 4)).argmax(1)
    counts = Counter(drawn.tolist())
    expected = (logits[0] / 0.7).softmax(0)
    assert all(counts[token] / rows == pytest.approx(float(expected[token]), abs=0.025) for token in range(4))


def test_a_wrong_model_is_named(tmp_path: Path) -> None:
    options = {"model": str(tmp_path), "offline": True, "device": "cpu", "batch_size": 1}
    with pytest.raises(ModelError, match=r"holds no language model \(config.json is missing\)"):
        make_local(options)
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(ModelError, match=f"cannot load the language model '{tmp_path}'"):
        make_local(options)
    with pytest.raises(UsageError, match="finetune-lm"):
        make_local({**options, "model": None})
    with pytest.raises(UsageError, match="unknown dtype 'float8'"):
        make_local({**options, "dtype": "float8"})
