"""Trains scene-clip on one core: warm-up of the image tower, then contrastive training against captions and concepts."""
from __future__ import annotations

import argparse
import hashlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .attributes import BACKGROUNDS, COLOURS, SHAPES, TEXTURES, Scenes
from .captions import Captioner, caption_corpus
from .concepts import Requirements, frequent_concepts, truth
from .network import DIM, SceneClip, normalise_pixels
from .render import make_scenes
from .tokenizer import Tokenizer, learn_merges
from .warmup import AttributeHeads
from .words import SYNONYMS

CONTEXT_LENGTH = 32
TRAINING_SEED, CORPUS_SEED, CHECK_SEED = 100, 3, 999
_MAX_LOG_SCALE = 4.2
_RENDERER = ("attributes", "backgrounds", "render", "shapes")


@dataclass(frozen=True)
class Settings:
    """All that the weights depend on, beside the code."""

    scenes: int = 60_000
    warmup_cycles: int = 4        # each with new heads and a rate that rises and falls again
    warmup_steps: int = 1500      # of a cycle
    steps: int = 1000
    warmup_batch: int = 64
    batch: int = 192
    warmup_rate: float = 3e-3
    rate: float = 2e-3
    concept_pool: int = 4000      # bigrams that concepts are drawn from
    concepts_each: int = 250      # bigrams a step, beside all unigrams
    one_background: float = 0.5   # share of batches whose scenes have one background
    corpus_scenes: int = 20_000
    captions_each: int = 4        # captions a scene of the corpus
    seed: int = 7


def corpus(settings: Settings) -> list[str]:
    """Captions that merges and concepts are learned from."""
    return caption_corpus(settings.corpus_scenes, settings.captions_each, CORPUS_SEED)


def training_scenes(count: int, cache: Path) -> tuple[Scenes, Tensor]:
    """Scenes and pictures of the training set, kept in the folder `cache` under a name that the renderer's sources change."""
    sources = b"".join((Path(__file__).parent / f"{name}.py").read_bytes() for name in _RENDERER)
    path = cache / f"scenes_{count}_{TRAINING_SEED}_{hashlib.sha256(sources).hexdigest()[:12]}.pt"
    if not path.exists():
        scenes, pictures = make_scenes(count, TRAINING_SEED)
        unfinished = path.with_suffix(".tmp")
        torch.save({**scenes.tensors(), "pictures": pictures}, unfinished)
        unfinished.rename(path)
    content = torch.load(path, weights_only=True)
    pictures = content.pop("pictures")
    return Scenes(**content), pictures


class _Progress:
    """Prints a line of figures every `every` steps, with a running mean of the loss."""

    def __init__(self, phase: str, every: int = 100) -> None:
        self._phase, self._every, self._mean, self._start = phase, every, 0.0, time.process_time()

    def step(self, number: int, loss: float) -> bool:
        """Takes the loss of a step; whether a line is due."""
        self._mean = loss if number == 1 else 0.97 * self._mean + 0.03 * loss
        return number % self._every == 0

    def show(self, number: int, figures: dict[str, float]) -> None:
        """Prints the line."""
        text = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
        print(f"{self._phase} {number}: {time.process_time() - self._start:.0f} s  loss {self._mean:.3f}  {text}", flush=True)


def _augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Normalised pixels, moved by up to two pixels, with small changes of contrast and brightness."""
    padded = F.pad(normalise_pixels(pictures), (2, 2, 2, 2), mode="replicate")
    down, right = torch.randint(0, 5, (2,), generator=generator).tolist()
    size = pictures.shape[-1]
    moved = padded[:, :, down:down + size, right:right + size]
    contrast, brightness = (torch.randn(len(pictures), 1, 1, 1, generator=generator) for _ in range(2))
    return (moved * (1 + 0.06 * contrast) + 0.05 * brightness).contiguous(memory_format=torch.channels_last)


def _set_rate(optimizer: torch.optim.Optimizer, peak: float, step: int, steps: int) -> None:
    """Linear rise over a twentieth of the steps, then half a cosine to nearly nothing."""
    rate = peak * (min(1.0, 20 * (step + 1) / steps) * 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-3)
    for group in optimizer.param_groups:
        group["lr"] = rate


def _optimizer(module: torch.nn.Module, rate: float) -> torch.optim.AdamW:
    matrices = [parameter for parameter in module.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in module.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def _in_batches(function, rows: Tensor, batch: int = 250) -> Tensor:
    with torch.no_grad():
        return torch.cat([function(part) for part in rows.split(batch)])


def warm_up(model: SceneClip, scenes: Scenes, pictures: Tensor, settings: Settings, cycle: int) -> list[float]:
    """One cycle of training the image tower to name attributes; the loss of every step."""
    seed = settings.seed + 100 * cycle
    if cycle > 0:  # the first cycle's heads follow the towers
        torch.manual_seed(seed)
    tower = model.image.train()
    heads = AttributeHeads(tower.map.in_channels, DIM)
    trained = torch.nn.ModuleList([tower, heads])
    optimizer = _optimizer(trained, settings.warmup_rate)
    generator = torch.Generator().manual_seed(seed)
    chance = scenes.count.float()  # scenes with more objects teach more
    check_scenes, check_pictures = make_scenes(500, CHECK_SEED + 1, objects=1)
    progress, losses = _Progress("warm-up", 100), []
    for step in range(settings.warmup_steps):
        rows = torch.multinomial(chance, settings.warmup_batch, replacement=False, generator=generator)
        batch, shown = scenes[rows], pictures[rows]
        if step % 2:
            batch, shown = batch.mirrored(), shown.flip(3)
        _set_rate(optimizer, settings.warmup_rate, step, settings.warmup_steps)
        last_map = tower.upper(tower.lower(_augment(shown, generator)))
        loss = heads.loss(last_map, tower.embed_map(last_map), batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
        if progress.step(step + 1, losses[-1]):
            tower.eval()
            check_map = _in_batches(lambda part: tower.upper(tower.lower(normalise_pixels(part))), check_pictures)
            tower.train()
            progress.show(step + 1, heads.accuracy(check_map, check_scenes))
    return losses


def _contrast(similarity: Tensor, positive: Tensor) -> Tensor:
    """InfoNCE with any number of positives, both ways: mean of -log softmax over each row's, and each column's, positives."""
    loss = similarity.new_zeros(())
    for logits, target in ((similarity, positive), (similarity.T, positive.T)):
        mean = (logits.log_softmax(1) * target).sum(1) / target.sum(1).clamp(min=1)
        loss = loss - 0.5 * mean.mean()
    return loss


def embed_texts(model: SceneClip, tokens: Tensor, parts: int = 3) -> Tensor:
    """Unit text embeddings; texts of like length go through the tower together, without the unused places."""
    lengths = tokens.argmax(1) + 1
    order = lengths.argsort(stable=True)
    embedded = torch.cat([model.text(tokens[rows, :int(lengths[rows].max())]) for rows in order.chunk(parts)])
    return F.normalize(embedded[order.argsort()], dim=1)


def _zero_shot(model: SceneClip, tokenizer: Tokenizer, embeddings: Tensor, scenes: Scenes) -> dict[str, float]:
    """Accuracy on one-object scenes, the words of each value averaged."""
    figures = {}
    for name, values in (("shape", SHAPES), ("colour", COLOURS), ("texture", TEXTURES), ("background", BACKGROUNDS)):
        classes = torch.stack([embed_texts(model, tokenizer(SYNONYMS[name][value])).mean(0) for value in values])
        labels = scenes.background if name == "background" else getattr(scenes, name)[:, 0]
        figures[name] = ((embeddings @ F.normalize(classes, dim=1).T).argmax(1) == labels).float().mean().item()
    return figures


def match(model: SceneClip, scenes: Scenes, pictures: Tensor, tokenizer: Tokenizer, captions: list[str],
          settings: Settings) -> list[float]:
    """Trains both towers, but for the image tower's lower part, to match pictures with captions and concepts.

    The lower part's features are computed once: they make up most of the tower's cost. Returns the loss of every step.
    """
    model.eval()
    channels_last = {"memory_format": torch.channels_last}
    features = _in_batches(lambda part: model.image.lower(normalise_pixels(part).contiguous(**channels_last)).half(), pictures)
    check_scenes, check_pictures = make_scenes(500, CHECK_SEED + 1, objects=1)
    model.train()
    model.image.lower.requires_grad_(False).eval()
    unigrams, bigrams, _ = frequent_concepts(captions, settings.concept_pool)
    requirements = Requirements.of(unigrams + bigrams)
    concept_tokens = tokenizer(unigrams + bigrams)
    # What captions never hold stays at zero, so that unknown words say little instead of anything.
    unused = torch.ones(tokenizer.size, dtype=torch.bool)
    unused[concept_tokens.unique()] = False
    unused[tokenizer(captions).unique()] = False
    with torch.no_grad():
        model.text.tokens.weight[unused] = 0.0
    optimizer = _optimizer(model, settings.rate)
    generator = torch.Generator().manual_seed(settings.seed + 1)
    captioner, named = Captioner(settings.seed), scenes.named()
    by_background = [(scenes.background == kind).nonzero()[:, 0] for kind in range(len(BACKGROUNDS))]
    progress, losses = _Progress("match"), []
    for step in range(settings.steps):
        pool = torch.arange(len(scenes))
        if float(torch.rand((), generator=generator)) < settings.one_background:
            pool = by_background[int(torch.randint(0, len(BACKGROUNDS), (), generator=generator))]
        rows = pool[torch.randperm(len(pool), generator=generator)[:settings.batch]]
        drawn = len(unigrams) + torch.randperm(len(bigrams), generator=generator)[:settings.concepts_each]
        concepts = torch.cat([torch.arange(len(unigrams)), drawn])
        _set_rate(optimizer, settings.rate, step, settings.steps)
        last_map = model.image.upper(features[rows].float().contiguous(**channels_last))
        images = F.normalize(model.image.embed_map(last_map), dim=1)
        texts = embed_texts(model, tokenizer(captioner.captions([named[row] for row in rows.tolist()])))
        words = embed_texts(model, concept_tokens[concepts], parts=1)
        captions_scale, concepts_scale = (log_scale.clamp(max=_MAX_LOG_SCALE).exp()
                                          for log_scale in (model.caption_scale, model.concept_scale))
        loss = (_contrast(captions_scale * images @ texts.T, torch.eye(len(rows)))
                + _contrast(concepts_scale * images @ words.T, truth(scenes[rows], requirements[concepts]).float()))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], 1.0)
        optimizer.step()
        losses.append(loss.item())
        if progress.step(step + 1, losses[-1]):
            model.eval()
            embeddings = _in_batches(lambda part: F.normalize(model.image(normalise_pixels(part)), dim=1), check_pictures)
            with torch.no_grad():
                progress.show(step + 1, _zero_shot(model, tokenizer, embeddings, check_scenes))
            model.train()
            model.image.lower.eval()
    return losses


def train(settings: Settings, cache: Path) -> tuple[SceneClip, Tokenizer, dict[str, list[float]]]:
    """The trained model, its tokenizer and the losses of both phases. Deterministic on one machine."""
    torch.manual_seed(settings.seed)
    captions = corpus(settings)
    tokenizer = Tokenizer(learn_merges(captions), CONTEXT_LENGTH)
    scenes, pictures = training_scenes(settings.scenes, cache)
    model = SceneClip(tokenizer.size, CONTEXT_LENGTH)
    model.image.to(memory_format=torch.channels_last)
    losses: dict[str, list[float]] = {"warm_up": []}
    for cycle in range(settings.warmup_cycles):
        losses["warm_up"] += warm_up(model, scenes, pictures, settings, cycle)
    losses["match"] = match(model, scenes, pictures, tokenizer, captions, settings)
    return model.eval(), tokenizer, losses


def main() -> None:
    """Writes weights.pt and tokenizer.json to the cache folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for scenes and weights, outside of the repository")
    for name, value in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"default {value}")
    arguments = vars(parser.parse_args())
    cache = arguments.pop("cache")
    cache.mkdir(parents=True, exist_ok=True)
    settings = Settings(**arguments)
    torch.set_num_threads(1)
    start_wall, start_core = time.monotonic(), time.process_time()
    model, tokenizer, losses = train(settings, cache)
    tokenizer.save(cache / "tokenizer.json")
    record = {"wall_seconds": time.monotonic() - start_wall, "core_seconds": time.process_time() - start_core,
              "torch": str(torch.__version__)}
    torch.save({"weights": model.state_dict(), "settings": asdict(settings), "losses": losses, "record": record},
               cache / "weights.pt")
    print(f"{cache / 'weights.pt'}: {record['core_seconds']:.0f} s of one core, {record['wall_seconds']:.0f} s in all")


if __name__ == "__main__":
    main()
