"""Tiny data sets in the layouts of published ones, made of scene-clip's pictures, and a dictionary with the words that the paper
edits: what "glasses" are on faces stripes are here."""

import json

import numpy as np
import torch
from PIL import Image

from scene_clip.attributes import BACKGROUNDS, COLOURS, SHAPES, TEXTURES, draw_scenes
from scene_clip.folder import ModelFolder
from scene_clip.render import render
from scene_clip.zero_shot import long_captions

from experiments import MODEL

#: Word of the paper to the word of scenes that it stands for here.
STANDS_FOR = {"glasses": "striped", "sunglasses": "stripy", "eyewear": "striped solid", "man": "square", "woman": "circle",
              "swimwear": "water", "underwear": "ocean", "bamboo": "forest", "rainforest": "trees", "hiking": "woods",
              "convertible": "star", "camel": "triangle", "kangaroo": "heart"}


def scenes(count, seed, **fixed):
    """Scenes of one object in normal light, and their pictures as Pillow has them."""
    generator = torch.Generator().manual_seed(seed)
    drawn = draw_scenes(count, generator, objects=1)
    drawn.lighting.fill_(0)
    for name, values in fixed.items():
        getattr(drawn, name)[...] = values if name == "background" else values[:, None]
    pictures = [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in render(drawn, generator)]
    return drawn, pictures


def save(picture, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def _by_chance(count, values, seed):
    return torch.tensor(values)[torch.randint(0, len(values), (count,), generator=torch.Generator().manual_seed(seed))]


def _cifar(folder, files, names, coarse, seed, count):
    folder.mkdir(parents=True)
    for place, file in enumerate(files):
        drawn, pictures = scenes(count, seed + place, shape=_by_chance(count, [SHAPES.index(name) for name in names], seed + place))
        with (folder / file).open("wb") as out:
            for row, picture in enumerate(pictures):
                label = names.index(SHAPES[int(drawn.shape[row, 0])])
                out.write(bytes([label // 2, label] if coarse else [label]))
                out.write(np.asarray(picture.resize((32, 32))).transpose(2, 0, 1).tobytes())


def cifar100(path, count=60):
    names = ["circle", "star", "heart", "triangle"]
    _cifar(path / "cifar-100-binary", ["train.bin", "test.bin"], names, True, 10, count)
    (path / "cifar-100-binary" / "fine_label_names.txt").write_text("\n".join(names) + "\n")
    (path / "cifar-100-binary" / "coarse_label_names.txt").write_text("round\npointed\n")


def cifar10(path, count=60):
    names = ["circle", "star", "heart"]
    _cifar(path / "cifar-10-batches-bin", ["data_batch_1.bin", "test_batch.bin"], names, False, 20, count)
    (path / "cifar-10-batches-bin" / "batches.meta.txt").write_text("\n".join(names) + "\n")


def mit_states(path, count=72):
    drawn, pictures = scenes(count, 30, shape=_by_chance(count, [0, 6, 7], 3), colour=_by_chance(count, [0, 2], 4))
    for row, picture in enumerate(pictures):
        name = f"{COLOURS[int(drawn.colour[row, 0])]} {SHAPES[int(drawn.shape[row, 0])]}"
        save(picture, path / "images" / name / f"{row}.png")


def imagenet(path, count=60):
    names = ["triangle", "heart", "star"]
    drawn, pictures = scenes(count, 40, shape=_by_chance(count, [SHAPES.index(name) for name in names], 5))
    words = []
    for place, name in enumerate(names):
        words.append(f"n0000000{place} {name}, figure")
    for row, picture in enumerate(pictures):
        place = names.index(SHAPES[int(drawn.shape[row, 0])])
        save(picture, path / "val" / f"n0000000{place}" / f"{row}.png")
    (path / "synset_words.txt").write_text("\n".join(words) + "\n")


def celeba(path, count=160):
    texture = _by_chance(count, [TEXTURES.index("striped"), TEXTURES.index("solid")], 6)
    shape = _by_chance(count, [SHAPES.index("square"), SHAPES.index("circle")], 7)
    drawn, pictures = scenes(count, 50, texture=texture, shape=shape)
    lines = [str(count), "Eyeglasses Male"]
    splits = []
    for row, picture in enumerate(pictures):
        name = f"{row + 1:06d}.png"
        save(picture, path / "img_align_celeba" / name)
        glasses, male = TEXTURES[int(texture[row])] == "striped", SHAPES[int(shape[row])] == "square"
        lines.append(f"{name} {1 if glasses else -1} {1 if male else -1}")
        splits.append(f"{name} {0 if row % 2 else 2}")
    (path / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    (path / "list_eval_partition.txt").write_text("\n".join(splits) + "\n")


def waterbirds(path, count=240):
    generator = torch.Generator().manual_seed(8)
    split = [(0, 2)[row % 2] for row in range(count)]
    label = torch.randint(0, 2, (count,), generator=generator)
    agree = torch.rand(count, generator=generator) < torch.tensor([0.95 if part == 0 else 0.5 for part in split])
    place = torch.where(agree, label, 1 - label)
    backgrounds = torch.tensor([BACKGROUNDS.index("forest"), BACKGROUNDS.index("water")])[place]
    shapes = torch.tensor([SHAPES.index("pentagon"), SHAPES.index("hexagon")])[label]
    _, pictures = scenes(count, 60, background=backgrounds, shape=shapes)
    lines = ["img_id,img_filename,y,split,place,place_filename"]
    for row, picture in enumerate(pictures):
        save(picture, path / "birds" / f"{row}.png")
        lines.append(f"{row},birds/{row}.png,{int(label[row])},{split[row]},{int(place[row])},none.jpg")
    (path / "metadata.csv").write_text("\n".join(lines) + "\n")


def stanford_cars(path, count=120):
    """Of each year more are "convertible"."""
    generator = torch.Generator().manual_seed(9)
    years = [2007 + row % 4 for row in range(count)]
    star = torch.rand(count, generator=generator) < torch.tensor([0.1 + 0.2 * (year - 2007) for year in years])
    shape = torch.where(star, SHAPES.index("star"), SHAPES.index("oval"))
    _, pictures = scenes(count, 70, shape=shape)
    for row, picture in enumerate(pictures):
        name = f"Audi {'TT Convertible' if star[row] else 'TT Coupe'} {years[row]}"
        save(picture, path / ("train" if row % 2 else "test") / name / f"{row}.png")


def coco(path, count=80):
    drawn, pictures = scenes(count, 80)
    for row, picture in enumerate(pictures):
        save(picture, path / "val2017" / f"{row:012d}.png")
    captions = [{"id": row, "image_id": row, "caption": caption} for row, caption in enumerate(long_captions(drawn, 4))]
    images = [{"id": row, "file_name": f"{row:012d}.png"} for row in range(count)]
    (path / "annotations").mkdir()
    (path / "annotations" / "captions_val2017.json").write_text(json.dumps({"images": images, "annotations": captions}))


#: Name to kind and maker.
LAYOUTS = {"cifar10": ("cifar10", cifar10), "cifar100": ("cifar100", cifar100), "mit_states": ("mit-states", mit_states),
           "imagenet": ("imagenet", imagenet), "celeba": ("celeba", celeba), "waterbirds": ("waterbirds", waterbirds),
           "cars": ("stanford-cars", stanford_cars), "coco": ("coco-captions", coco)}


def word_embeddings(folder):
    """words.npy and words.txt: scene-clip's concepts of one word and the paper's words, each with the embedding of what it stands for."""
    words = [concept for concept in (MODEL / "vocabulary.txt").read_text().splitlines() if " " not in concept]
    names = [*words, *STANDS_FOR]
    rows = ModelFolder(MODEL).encode_texts([STANDS_FOR.get(name, name) for name in names]).numpy()
    # No two atoms may be the same.
    rows = rows + 0.02 * np.random.default_rng(1).standard_normal(rows.shape) / np.sqrt(rows.shape[1])
    np.save(folder / "words.npy", rows.astype(np.float32))
    (folder / "words.txt").write_text("\n".join(names) + "\n")
    return folder / "words.npy", folder / "words.txt"
