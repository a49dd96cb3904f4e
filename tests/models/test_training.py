"""Training in the small: losses fall, and a seed gives the same weights."""

from dataclasses import replace

import pytest

from conftest import skip_without_packages

skip_without_packages()

import torch

from scene_clip.train import Settings, train

TINY = Settings(scenes=300, warmup_cycles=1, warmup_steps=14, steps=20, warmup_batch=32, batch=24, rate=4e-3, concept_pool=200,
                concepts_each=20, one_background=0.0, corpus_scenes=400, captions_each=2)
SHORT = replace(TINY, warmup_cycles=2, warmup_steps=2, steps=2, one_background=1.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains in a cache folder of its own."""
    cache = tmp_path_factory.mktemp("scene_clip")

    def run(settings):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return train(settings, cache)
        finally:
            torch.set_num_threads(threads)

    return run


def test_losses_fall(trained):
    model, tokenizer, losses = trained(TINY)
    for phase, fall in (("warm_up", 2.0), ("match", 0.3)):
        curve = torch.tensor(losses[phase])
        assert curve[:4].mean() - curve[-4:].mean() > fall, (phase, curve)
    # Tokens that captions never hold say nothing.
    assert (model.text.tokens.weight[tokenizer.encode("z")] == 0).all()
    assert (model.text.tokens.weight[tokenizer.encode("star")] != 0).any()


def test_a_seed_gives_the_same_weights(trained):
    first, second, other = (trained(settings) for settings in (SHORT, SHORT, replace(SHORT, seed=8)))
    assert all(torch.equal(weight, second[0].state_dict()[name]) for name, weight in first[0].state_dict().items())
    assert first[2] == second[2] != other[2]
