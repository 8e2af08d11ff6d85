"""The text part: a small CLIP text tower distilled from an openly licensed sentence model.

The teacher gives synonyms; but sentence models place opposites ("brighter", "darker") close together, so a
classifier over the dataset's families pulls those apart. Teacher and classifier are thrown away after training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from .config import TextEncoderConfig
from .part import device_of
from .precision import AUTO, mixed


class Distilled(nn.Module):
    """The student, and the heads that it is trained through: two (pooled, mean) to the teacher, two to the families."""

    def __init__(self, student: CLIPTextModel, width: int, families: int) -> None:
        super().__init__()
        self.student = student
        hidden = student.config.hidden_size
        self.to_teacher = nn.ModuleList([nn.Linear(hidden, width) for _ in range(2)])
        self.to_family = nn.ModuleList([nn.Linear(hidden, families) for _ in range(2)])


class TextEncoderPart:
    """Trains a `CLIPTextModel` to say what the teacher says, in fewer numbers."""

    def __init__(
        self, texts: Sequence[str], families: Sequence[str], config: TextEncoderConfig, base: Path | None = None
    ) -> None:
        """`families[i]` is the family of `texts[i]`, or "" where it has none; the encoder in `base` is trained on."""
        self.config = config
        self.tokenizer = load_tokenizer(base) if base else train_tokenizer(texts, config)
        student = load_student(base) if base else CLIPTextModel(_student_config(config, self.tokenizer))
        names = sorted({name for name in families if name})
        self.labels = torch.tensor([names.index(name) if name else -1 for name in families])
        self.with_family = (self.labels >= 0).nonzero()[:, 0]
        self.ids = tokenize(self.tokenizer, texts, config.max_length)  # (n, l)
        self.targets = teacher_embeddings(texts, Path(config.teacher))  # (n, d), unit length
        self.distilled = Distilled(student, self.targets.shape[1], max(1, len(names)))
        self.model: nn.Module = self.distilled

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Cosine to the teacher + agreement of the batch's similarity matrices + family cross-entropy."""
        known = int(batch_size * self.config.family_share) if len(self.with_family) else 0
        picks = torch.randint(len(self.ids), (batch_size - known,), generator=generator)
        if known:
            of_known = torch.randint(len(self.with_family), (known,), generator=generator)
            picks = torch.cat([picks, self.with_family[of_known]])
        place = device_of(self.model)
        output = self.distilled.student(self.ids[picks].to(place))
        pooled, mean = output.pooler_output.float(), output.last_hidden_state.float().mean(dim=1)  # (b, h)
        target, label = self.targets[picks].float().to(place), self.labels[picks].to(place)
        total, figures = torch.zeros((), device=place), {}
        to_teacher = self.distilled.to_teacher
        for name, head, state in (("pooled", to_teacher[0], pooled), ("mean", to_teacher[1], mean)):
            said = F.normalize(head(state), dim=-1)
            cosine = (said * target).sum(-1)
            relation = F.mse_loss(said @ said.T, target @ target.T)
            total = total + (1 - cosine).mean() + 3 * relation
            figures[f"cosine_{name}"] = cosine.mean().item()
        if (label >= 0).any():
            heads = zip(self.distilled.to_family, (pooled, mean), strict=True)
            entropy = [F.cross_entropy(head(state)[label >= 0], label[label >= 0]) for head, state in heads]
            total = total + self.config.family_weight * (entropy[0] + entropy[1])
            figures["family_loss"] = entropy[1].item()
        return total, figures

    def save(self, folder: Path) -> None:
        self.distilled.student.save_pretrained(folder / "text_encoder")
        self.tokenizer.save_pretrained(folder / "tokenizer")


def load_tokenizer(base: Path) -> CLIPTokenizer:
    """The tokenizer of a checkpoint folder."""
    return CLIPTokenizer.from_pretrained(base / "tokenizer", local_files_only=True)


def load_student(base: Path) -> CLIPTextModel:
    """The text encoder of a checkpoint folder, in float32."""
    folder = base / "text_encoder"
    return CLIPTextModel.from_pretrained(folder, use_safetensors=True, local_files_only=True, dtype=torch.float32)


def tokenize(tokenizer: CLIPTokenizer, texts: Sequence[str], length: int) -> Tensor:
    """Texts -> token ids (n, length), padded and cut as the editor does it."""
    return tokenizer(
        list(texts), padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    ).input_ids


def train_tokenizer(texts: Iterable[str], config: TextEncoderConfig) -> CLIPTokenizer:
    """A byte-pair vocabulary in CLIP's own form, learned from the texts; no text is ever out of vocabulary."""
    start, end = "<|startoftext|>", "<|endoftext|>"
    backend = Tokenizer(BPE(end_of_word_suffix="</w>"))
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = BpeTrainer(
        vocab_size=config.vocabulary - len(alphabet) - 2,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
        min_frequency=2,
    )
    backend.train_from_iterator(texts, trainer)
    model = json.loads(backend.to_str())["model"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    units = [*alphabet, *(unit + "</w>" for unit in alphabet), *("".join(pair) for pair in merges)]
    vocab = {unit: index for index, unit in enumerate(dict.fromkeys([*units, start, end]))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=config.max_length)


@torch.no_grad()
def teacher_embeddings(texts: Sequence[str], folder: Path, batch_size: int = 256) -> Tensor:
    """Mean-pooled, unit-length sentence embeddings of the teacher: (n, d) in float16."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # like lengths together: little padding
    out = torch.empty(len(texts), model.config.hidden_size, dtype=torch.float16)
    for at in range(0, len(order), batch_size):
        rows = order[at : at + batch_size]
        batch = tokenizer([texts[i] for i in rows], padding=True, truncation=True, max_length=64, return_tensors="pt")
        with mixed("cpu", AUTO):
            states = model(**batch).last_hidden_state.float()  # (b, l, d)
        mask = batch.attention_mask[..., None].float()
        out[rows] = F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1).half()
    return out


def _student_config(config: TextEncoderConfig, tokenizer: CLIPTokenizer) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.hidden_size,
        intermediate_size=4 * config.hidden_size,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=config.max_length,
        projection_dim=config.hidden_size,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
