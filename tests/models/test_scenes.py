"""Renderer, captions and the truth of concepts."""

import random

import pytest

from conftest import skip_without_packages

skip_without_packages()

import torch

from scene_clip.attributes import COLOURS, LIGHTINGS, POSITIONS, SHAPES, SIZES, TEXTURES, draw_scenes
from scene_clip.captions import Captioner
from scene_clip.concepts import Requirements, count_concepts, frequent_concepts, truth
from scene_clip.render import CENTRES, make_scenes, render
from scene_clip.words import MEANINGS, STOP_WORDS
from scene_oracle import is_true


@pytest.fixture(scope="module")
def drawn():
    return make_scenes(300, seed=41)


def test_pictures_are_the_same_for_any_number_of_threads(drawn):
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            assert torch.equal(make_scenes(300, seed=41)[1], drawn[1])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert not torch.equal(make_scenes(300, seed=42)[1], drawn[1])


def test_the_first_scenes_do_not_depend_on_how_many_follow():
    few, many = make_scenes(500, seed=6), make_scenes(520, seed=6)
    assert torch.equal(few[1], many[1][:500])
    assert torch.equal(few[0].shape, many[0].shape[:500])


def test_larger_pictures_show_the_same_scenes():
    small, large = make_scenes(40, seed=8)[1], make_scenes(40, seed=8, size=144)[1]
    reduced = torch.nn.functional.avg_pool2d(large.float(), 3)
    assert (reduced - small).abs().mean() < 6
    assert (reduced.roll(1, 0) - small).abs().mean() > 30


def test_solid_objects_have_their_colour_where_they_stand():
    generator = torch.Generator().manual_seed(3)
    scenes = draw_scenes(400, generator, objects=1)
    scenes.texture.fill_(TEXTURES.index("solid"))
    scenes.size.fill_(SIZES.index("large"))
    scenes.lighting.fill_(LIGHTINGS.index("normal"))
    scenes.shape.fill_(SHAPES.index("circle"))
    pictures = render(scenes, generator).float() / 255
    at = (CENTRES[scenes.position[:, 0]] * 48).long()
    shown = torch.stack([pictures[row, :, y - 1:y + 2, x - 1:x + 2].mean((1, 2)) for row, (x, y) in enumerate(at.tolist())])
    means = torch.stack([shown[scenes.colour[:, 0] == kind].mean(0) for kind in range(len(COLOURS))])
    nearest = torch.cdist(shown, means).argmin(1)
    assert (nearest == scenes.colour[:, 0]).float().mean() > 0.97
    red, blue = means[COLOURS.index("red")], means[COLOURS.index("blue")]
    assert red[0] > 0.7 > 0.3 > red[2] and blue[2] > 0.7 > 0.3 > blue[0]


def test_what_is_fixed_is_kept():
    count = 60
    background, shape = torch.arange(count) % 12, torch.arange(count) % 16
    scenes, _ = make_scenes(count, seed=2, background=background, shape=shape, objects=2)
    assert torch.equal(scenes.background, background)
    assert torch.equal(scenes.shape[:, 0], shape)
    assert scenes.count.unique().tolist() == [2]


def test_mirrored_scenes_exchange_left_and_right(drawn):
    left, right = POSITIONS.index("left"), POSITIONS.index("right")
    mirrored = drawn[0].mirrored()
    assert torch.equal(mirrored.position == left, drawn[0].position == right)
    assert torch.equal(mirrored.mirrored().position, drawn[0].position)
    assert torch.equal(mirrored.shape, drawn[0].shape)


@pytest.mark.parametrize("call, says", [
    (lambda: make_scenes(3, 1, size=50), "size: got 50"),
    (lambda: make_scenes(3, 1, objects=4), "objects: got 4"),
    (lambda: make_scenes(3, 1, shape=torch.zeros(2, dtype=torch.long)), "shape: got shape"),
    (lambda: Requirements.of(["red zebra"]), "'zebra'"),
])
def test_wrong_arguments_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_truth_is_that_of_the_oracle(drawn, corpus):
    scenes = drawn[0][:150]
    words, pairs, _ = frequent_concepts(corpus, 10**6)
    concepts = words + random.Random(5).sample(pairs, 400)
    requirements = Requirements.of(concepts)
    computed = truth(scenes, requirements)
    expected = torch.tensor([[is_true(concept, scene) for concept in concepts] for scene in scenes.named()])
    assert torch.equal(computed, expected)
    assert 0.01 < expected.float().mean() < 0.3
    # The comparison notices scenes that are not these.
    assert not torch.equal(truth(scenes.mirrored(), requirements), expected)


def test_captions_say_nothing_false(drawn):
    captioner = Captioner(7)
    for scene in drawn[0].named() * 5:
        caption = captioner.caption(scene)
        for word in caption.split(" "):
            assert word in STOP_WORDS or is_true(word, scene), f"{word!r} in {caption!r}, {scene}"


def test_captions_vary_and_repeat_for_a_seed(drawn):
    named = drawn[0].named()
    assert Captioner(1).captions(named) == Captioner(1).captions(named)
    assert Captioner(1).captions(named) != Captioner(2).captions(named)
    captioner = Captioner(3)
    assert len({captioner.caption(named[0]) for _ in range(200)}) > 100


def test_the_corpus_uses_every_word(corpus):
    assert {word for caption in corpus for word in caption.split(" ")} == MEANINGS.keys() | STOP_WORDS


def test_pairs_are_counted_within_phrases_and_in_either_order():
    unigrams, bigrams = count_concepts(["red star on a big wall", "star red", "red star", "red crimson", "one star and red"])
    assert unigrams["red"] == 5 and "on" not in unigrams
    assert bigrams == {"red star": 3, "big wall": 1, "one star": 1}
