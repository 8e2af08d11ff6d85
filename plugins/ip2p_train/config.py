"""The settings of a training run: dataclasses with every default. `--print-config` shows their comments too."""

from __future__ import annotations

from dataclasses import dataclass, field

NORM_GROUPS = 16  # of fresh U-Nets: their widths divide by it


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast to train. Every part takes the same settings."""

    max_steps: int = 1000
    batch_size: int = 32  # of all processes together
    micro_batch: int = 0  # samples in one forward pass, for networks that are short of memory; 0: all at once
    optimizer: str = "adamw"  # adamw | muon (small networks, few samples) | adamw8bit (CUDA and the extra adam8bit)
    learning_rate: float = 1e-4
    warmup_steps: int = 100
    final_learning_rate: float = 0.05  # share of learning_rate left at the end of the cosine
    weight_decay: float = 0.01
    beta2: float = 0.99  # of Adam; the library's own is 0.999
    max_grad_norm: float = 1.0
    ema_decay: float = 0.9999  # at most: after n steps it is 1 - (1 + n)^-0.75, so that the start is forgotten
    precision: str = "auto"  # auto (bf16 where the device is quicker in it, else fp32) | bf16 | fp32
    compile: bool = False  # by torch.compile: minutes at the start, a quarter faster after it (needs a C++ compiler)
    cuda_graph: bool = (
        False  # on CUDA an editor's step is launched as one graph: several times faster, where it is small
    )
    seed: int = 0
    log_every: int = 50
    checkpoint_seconds: float = 180.0


@dataclass(frozen=True)
class AutoencoderConfig:
    """Shape of the AutoencoderTiny and weights of its losses."""

    fresh: bool = False  # train a new autoencoder also where the base has one
    latent_channels: int = 32
    width: int = 48
    encoder_blocks: tuple[int, ...] = (0, 1, 2, 3, 3)
    decoder_blocks: tuple[int, ...] = (3, 3, 2, 1, 0)
    crop: int = 128
    latent_noise: float = 0.05
    anchor_weight: float = 0.1
    unit_weight: float = 0.02
    gradient_weight: float = 0.5
    texture_weight: float = 0.0  # of the energy of fine structure: sharper strokes, blocks and outlines
    recolour: float = 0.35  # share of crops given a random colour transform, so that edited photos are in the domain
    decoder_only: bool = False  # refine the decoder of the base's autoencoder: its latents stay as they are
    aligned_share: float = 0.0  # of the crops at the pictures' own scale, on the latent grid, as the editor meets them
    photos: str = ""  # folder of photos to learn besides the dataset's edited pictures
    max_pictures: int = 2500  # pictures of the dataset held in memory
    favoured: tuple[str, ...] = ()  # families ("add-*", too) of which all pictures are held: hard to code
    share_of_base: float = 0.0  # of the base's weights in what is saved: the mean of two can do what each does


@dataclass(frozen=True)
class TextEncoderConfig:
    """Shape of the student, its teacher and corpus, and weights of its losses."""

    fresh: bool = False  # train a new encoder and vocabulary also where the base has one
    teacher: str = ""  # folder of a sentence model (transformers layout, mean pooling)
    wordnet: str = ""  # folder of a WordNet database, for words that no instruction uses; may be empty
    wordnet_texts: int = 70_000
    vocabulary: int = 6000
    hidden_size: int = 192
    layers: int = 4
    heads: int = 4
    max_length: int = 32
    family_share: float = 0.5  # share of each batch drawn from texts that have a family
    family_weight: float = 0.25


@dataclass(frozen=True)
class EditorConfig:
    """What the editor starts from, how its pairs are cut, what it learns, and the defaults to ship."""

    base: str = ""  # checkpoint to start from, where --base does not say: a name, a folder or a hub id
    fresh: bool = False  # train a new U-Net also where the base has one
    block_out_channels: tuple[int, ...] = (128, 160, 192)  # of a fresh U-Net, as the next two
    time_embedding_dim: int = 384
    attention_heads: int = 4
    resolution: int = 0  # pictures are cut to about so many pixels squared, aspect kept; 0: the base's own size
    mirror: bool = False  # every pair also mirrored; wrong where instructions say left and right
    prediction: str = "auto"  # auto (the base's; v_prediction for a fresh U-Net) | epsilon | v_prediction
    min_snr_gamma: float = 0.0  # weight of a timestep: min(SNR, gamma) / SNR; the paper's gamma is 5; 0: all alike
    drop_text: float = 0.05  # share of samples without instruction, for guidance
    drop_image: float = 0.05  # without photo
    drop_both: float = 0.05  # without either
    timestep_power: float = 1.0  # t = T·u^power: below 1 favours high noise, where the edit is decided
    colour_weight: float = 1.0  # loss weight of latent channels 0..2, which mini's autoencoder anchors to colour
    change_weight: float = 1.0  # of errors where the pair's pictures differ, against elsewhere: for small things
    gradient_checkpointing: bool = False  # less memory for a third more time
    steps: int = 0  # to ship as the checkpoint's default; 0: the base's own, or the paper's
    text_guidance: float = 0.0  # likewise
    image_guidance: float = 0.0  # likewise
    sampler: str = ""  # likewise, for ""
    licence: str = ""  # likewise
    save_dtype: str = "float32"  # float32 | float16


@dataclass(frozen=True)
class LoraConfig:
    """A low-rank adapter (Hu et al. 2021, arXiv 2106.09685) in the place of the editor's whole U-Net."""

    rank: int = 0  # 0: none, the whole network is trained; --lora
    targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0")  # ends of layers' names; also conv1, conv2 …
    keep: float = 0.0  # share of samples that are told something else, of which the adapter is to change nothing


@dataclass(frozen=True)
class ValidationConfig:
    """What the editor is tried on: pairs that it never learns from."""

    share: float = 0.02  # of the photos, chosen by their bytes: no photo is on both sides
    every: int = 500  # steps; 0: never
    samples: int = 128  # pairs at most that the loss is measured on, with the same noise each time
    pictures: int = 4  # on the sheet, each edited by the averaged weights and compared with its target
    clip: str = ""  # CLIP or SigLIP to compare them by, too: a folder, a hub id, or world for drawings of the world
    dino: str = ""  # likewise a DINO: a folder or a hub id


@dataclass(frozen=True)
class TextToImageConfig:
    """Shape of the U-Net and of the text encoder that is trained with it, and how they are trained."""

    fresh: bool = False  # train new ones also where the base has them
    block_out_channels: tuple[int, ...] = (64, 128, 192)
    layers_per_block: int = 1
    attention_heads: int = 2
    time_embedding_dim: int = 384
    clip: str = ""  # folder of a CLIP whose text tower and vocabulary to start from; without one, they are as follows
    vocabulary: int = 1000
    text_width: int = 128
    text_layers: int = 3
    max_length: int = 32  # tokens of a caption
    drop_text: float = 0.1
    thing_weight: float = 1.0  # of errors where the data says that a named thing is, against elsewhere
    save_dtype: str = "float16"  # float32 | float16


@dataclass(frozen=True)
class ClipConfig:
    """Shape of the two towers, and the weight of the second loss."""

    patch: int = 8
    width: int = 192
    layers: int = 5
    heads: int = 4
    text_width: int = 128
    text_layers: int = 4
    vocabulary: int = 1000
    max_length: int = 32  # tokens of a caption
    projection: int = 128
    direction_weight: float = 0.5  # of telling edits apart by the direction of their change
    save_dtype: str = "float16"  # float32 | float16


@dataclass(frozen=True)
class LanguageModelConfig:
    """Shape of a small Llama and its vocabulary."""

    width: int = 192
    layers: int = 4
    heads: int = 4
    vocabulary: int = 1000
    context: int = 192  # tokens that it reads and writes
    save_dtype: str = "float16"  # float32 | float16


@dataclass(frozen=True)
class TrainConfig:
    """All of a run's settings; `[loop]` and the table of the trained part are used."""

    loop: LoopConfig = field(default_factory=LoopConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    editor: EditorConfig = field(default_factory=EditorConfig)
    lora: LoraConfig = field(default_factory=LoraConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    text_to_image: TextToImageConfig = field(default_factory=TextToImageConfig)
    clip: ClipConfig = field(default_factory=ClipConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
