"""The command splice-export by itself."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import open_clip
import pytest
import torch
from export.command import main as splice_export
from export.model import ExportError
from export.open_clip_model import clip_tokenizer

from conftest import TINY_VIT


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A tiny model's configuration."""
    (tmp_path / "tiny-vit.json").write_text(json.dumps(TINY_VIT))
    return tmp_path / "tiny-vit.json"


def test_writes_what_the_format_says(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words.txt").write_text("cat\ndog\n")
    arguments = ["tiny-vit", str(tmp_path / "out"), "--config", str(config), "--random-seed", "3", "--name", "small",
                 "--vocabulary", str(tmp_path / "words.txt")]
    assert splice_export(arguments) == 0
    assert "image.pt: largest difference to the model" in capsys.readouterr().out
    model = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (model["format"], model["version"], model["name"], model["dim"]) == ("splice_cuda.model", 1, "small", 24)
    assert model["vocabulary"] == "vocabulary.txt"
    assert set(model["files"]) == {"image.pt", "text.pt", "tokenizer.json", "vocabulary.txt"}
    for name, entry in model["files"].items():
        data = (tmp_path / "out" / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    assert model["provenance"]["seed"] == "3"
    assert len(json.loads((tmp_path / "out" / "tokenizer.json").read_text())["merges"]) == 48894
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "tiny-vit.json", "words.txt"], "nothing else is left"
    assert splice_export(arguments) == 1
    assert "exists" in capsys.readouterr().err


def test_weights_beyond_the_type(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_clip.add_model_config(config)
    torch.manual_seed(5)
    weights = open_clip.create_model("tiny-vit", load_weights=False).state_dict()
    weights["visual.proj"][0, 0] = 1e6  # infinity in float16
    torch.save(weights, tmp_path / "weights.pt")
    arguments = ["tiny-vit", "--config", str(config), "--image-only", "--pretrained", str(tmp_path / "weights.pt")]
    assert splice_export([*arguments, str(tmp_path / "half"), "--dtype", "float16"]) == 1
    assert "NaN or infinity" in capsys.readouterr().err
    assert not (tmp_path / "half").exists()
    assert splice_export([*arguments, str(tmp_path / "full")]) == 0


def test_image_only(config: Path, tmp_path: Path) -> None:
    assert splice_export(["tiny-vit", str(tmp_path / "out"), "--config", str(config), "--random-seed", "1", "--image-only"]) == 0
    assert not (tmp_path / "out" / "text.pt").exists()
    assert "text" not in json.loads((tmp_path / "out" / "model.json").read_text())


SIGLIP = {"embed_dim": 64, "init_logit_bias": -10, "custom_text": True,
          "vision_cfg": {"image_size": 32, "timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": "map", "timm_proj": "none"},
          "text_cfg": {"context_length": 16, "vocab_size": 1000, "hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "width": 32, "heads": 2,
                       "layers": 1, "no_causal_mask": True, "proj_bias": True, "pool_type": "last"}}


def test_image_tower_of_siglip(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its layers come from timm; its tokenizer is another one, which is said before anything is looked for in the network."""
    (tmp_path / "tiny-siglip.json").write_text(json.dumps(SIGLIP))
    arguments = ["tiny-siglip", "--config", str(tmp_path / "tiny-siglip.json"), "--random-seed", "3"]
    assert splice_export([*arguments, str(tmp_path / "images"), "--image-only"]) == 0
    open_clip.add_model_config(tmp_path / "tiny-siglip.json")
    torch.manual_seed(3)
    model = open_clip.create_model("tiny-siglip", load_weights=False).eval()
    pixels = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        expected, found = model.encode_image(pixels), torch.jit.load(str(tmp_path / "images" / "image.pt"))(pixels)
    assert float((found - expected).abs().max()) < 1e-5 * float(expected.abs().max())
    capsys.readouterr()
    assert splice_export([*arguments, str(tmp_path / "both")]) == 1
    message = capsys.readouterr().err
    assert "timm/ViT-B-16-SigLIP" in message and "--image-only" in message

    def failing(name: str) -> None:
        raise OSError(f"no network for {name}" + "." * 1000)

    monkeypatch.setattr(open_clip, "get_tokenizer", failing)
    (tmp_path / "tiny-vit.json").write_text(json.dumps(TINY_VIT))
    assert splice_export(["tiny-vit", str(tmp_path / "vit"), "--config", str(tmp_path / "tiny-vit.json"), "--random-seed", "3"]) == 1
    message = capsys.readouterr().err
    assert "no network for tiny-vit" in message and "--image-only" in message and len(message) < 800


def test_a_configuration_of_another_name(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert splice_export(["mine", str(tmp_path / "out"), "--config", str(config), "--random-seed", "3"]) == 1
    assert "expected a file of that name, mine.json" in capsys.readouterr().err


def test_checkpoints(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_clip.add_model_config(config)
    torch.manual_seed(5)
    torch.save(open_clip.create_model("tiny-vit", load_weights=False).state_dict(), tmp_path / "weights.pt")
    for name, weights in (("a", ["--random-seed", "5"]), ("b", ["--pretrained", str(tmp_path / "weights.pt")])):
        assert splice_export(["tiny-vit", str(tmp_path / name), "--config", str(config), "--image-only", *weights]) == 0
    a, b = (torch.jit.load(str(tmp_path / name / "image.pt")).state_dict() for name in "ab")
    assert all(torch.equal(a[key], b[key]) for key in a)

    class Hostile:
        """Runs code when it is unpickled."""

        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'trap')!r}, 'w')",))

    (tmp_path / "hostile.pt").write_bytes(pickle.dumps({"state_dict": Hostile()}))
    assert splice_export(["tiny-vit", str(tmp_path / "c"), "--config", str(config), "--pretrained", str(tmp_path / "hostile.pt")]) == 1
    assert "splice-export:" in capsys.readouterr().err
    assert not (tmp_path / "trap").exists() and not (tmp_path / "c").exists()


def test_other_tokenizers_are_refused() -> None:
    with pytest.raises(ExportError, match="--image-only"):
        clip_tokenizer(object(), 77)
    with pytest.raises(ExportError, match="cleans or shortens"):
        clip_tokenizer(open_clip.SimpleTokenizer(clean="canonicalize"), 77)
    with pytest.raises(ExportError, match="tokens beyond"):
        clip_tokenizer(open_clip.SimpleTokenizer(additional_special_tokens=["<mask>"]), 77)


@pytest.mark.parametrize("arguments", [["no-such-model", "--random-seed", "1"], ["tiny-vit", "--pretrained", "/absent.pt"],
                                       ["tiny-vit"], ["other", "--config", "/absent.json"]])
def test_what_does_not_exist(arguments: list[str], config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_clip.add_model_config(config)
    assert splice_export([arguments[0], str(tmp_path / "out"), *arguments[1:]]) == 1
    assert capsys.readouterr().err.startswith("splice-export: ")
    assert not (tmp_path / "out").exists()


def test_models_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: nothing to export")
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = transformers.CLIPModel(transformers.CLIPConfig(
        text_config={**small, "vocab_size": 49408, "bos_token_id": 49406, "eos_token_id": 49407},
        vision_config={**small, "image_size": 32, "patch_size": 8}, projection_dim=24)).eval()
    folder = tmp_path / "clip"
    model.save_pretrained(folder)
    tokenizer = open_clip.SimpleTokenizer()
    (folder / "vocab.json").write_text(json.dumps(tokenizer.encoder))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in tokenizer.bpe_ranks) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"crop_size": 32, "size": {"shortest_edge": 32}, "image_mean": [0.5] * 3, "image_std": [0.2] * 3, "resample": 3}))
    assert splice_export([str(folder), str(tmp_path / "out"), "--transformers"]) == 0
    tokens = tokenizer(["a cat", "two dogs and a bird"])
    with torch.no_grad():
        expected = model.text_projection(model.text_model(input_ids=tokens).pooler_output)
        found = torch.jit.load(str(tmp_path / "out" / "text.pt"))(tokens)
    assert float((found - expected).abs().max()) < 1e-5 * float(expected.abs().max())
    pixels = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        expected = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
        found = torch.jit.load(str(tmp_path / "out" / "image.pt"))(pixels)
    assert float((found - expected).abs().max()) < 1e-5 * float(expected.abs().max())

    (folder / "merges.txt").write_text("#version: 0.2\na b\n")
    assert splice_export([str(folder), str(tmp_path / "other"), "--transformers"]) == 1
    assert splice_export([str(tmp_path), str(tmp_path / "other"), "--transformers"]) == 1
