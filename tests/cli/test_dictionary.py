import json

import numpy as np
import pytest
from conftest import dictionary_of, fails, read_safetensors, run, unit


def test_atoms_are_centred_unit_rows(built):
    tensors, metadata = read_safetensors(built / "dict.safetensors")
    np.testing.assert_allclose(tensors["atoms"], dictionary_of(built.text), atol=2e-7)
    np.testing.assert_allclose(tensors["text_mean"], unit(built.text.astype(np.float64)).mean(axis=0), atol=2e-7)
    np.testing.assert_array_equal(tensors["image_mean"], built.image_mean)
    assert any(json.loads(value) == built.names for value in metadata.values() if value.startswith("["))


def test_without_centring(built):
    built.build("--no-center")
    tensors, _ = read_safetensors(built / "dict.safetensors")
    np.testing.assert_allclose(tensors["atoms"], unit(built.text.astype(np.float64)), atol=2e-7)


def test_what_is_dropped_is_counted_and_listed(inputs):
    text = inputs.text.copy()
    text[3] = 0
    text[5, 1] = np.inf
    text[9] = text[8]
    names = list(inputs.names)
    names[12] = ""
    names[20] = names[19]
    np.save(inputs / "text.npy", text)
    (inputs / "words.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    arguments = ["dictionary", "build", "-e", inputs / "text.npy", "-c", inputs / "words.txt", "-o", inputs / "dict.safetensors"]
    said = run(*arguments).stdout
    assert "35 of 40 concepts kept" in said
    for line in ("line 4 ", "line 6 ", "line 10 ", "line 13 ", "line 21 "):
        assert line in said
    dropped = json.loads(run(*arguments, "--json").stdout)
    assert dropped["concepts"] == 35
    assert dropped["dropped_lines"] == {"empty_name": [13], "duplicate_name": [21], "zero_embedding": [4], "non_finite": [6],
                                        "duplicate_vector": [10]}
    kept = np.delete(text, [3, 5, 9, 12, 20], axis=0)
    # An equal vector is dropped after centring: its row is in the mean.
    mean = unit(np.delete(text, [3, 5, 12, 20], axis=0).astype(np.float64)).mean(axis=0)
    tensors, _ = read_safetensors(inputs / "dict.safetensors")
    expected = unit(unit(kept.astype(np.float64)) - mean)
    alternative = dictionary_of(kept)
    assert min(abs(tensors["atoms"] - expected).max(), abs(tensors["atoms"] - alternative).max()) < 3e-7


def test_lists_with_bom_and_crlf(inputs):
    (inputs / "words.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(inputs.names).encode() + b"\r\n")
    inputs.build()
    document = json.loads(run("decompose", "-d", inputs / "dict.safetensors", "-e", inputs / "images.npy", "--json").stdout)
    found = {entry["concept"] for row in document["rows"] for entry in row["concepts"]}
    assert found and found <= set(inputs.names)


@pytest.mark.parametrize(
    "content, says",
    [(b"one\ntwo\n", ["--concepts: got 2 lines", "expected 40"]), (b"\xff\xfe" * 40, ["words.txt", "UTF-8"])],
)
def test_bad_lists(inputs, content, says):
    (inputs / "words.txt").write_bytes(content)
    code = 2 if b"one" in content else 3
    fails(code, "dictionary", "build", "-e", inputs / "text.npy", "-c", inputs / "words.txt", "-o", inputs / "d.safetensors",
          says=says)
    assert not (inputs / "d.safetensors").exists()


def test_the_name_of_the_output_is_one_that_can_be_read(inputs):
    for option, value in (("--batch-size", 3), ("--precision", "float16")):
        fails(2, "dictionary", "build", "-e", inputs / "text.npy", "-c", inputs / "words.txt", "-o", inputs / "d.safetensors", option, value,
              says=[option, "--embeddings"])
    fails(2, "dictionary", "build", "-e", inputs / "text.npy", "-c", inputs / "words.txt", "-o", inputs / "dict.npy",
          says=["--out", "dict.npy", ".safetensors"])


def test_last_lines_only(built):
    built.build("--last", 10)
    info = json.loads(run("dictionary", "info", built / "dict.safetensors", "--json").stdout)
    assert "10 concepts of 24 numbers" in run("dictionary", "info", built / "dict.safetensors").stdout
    assert info["health"]["coherence"] if "health" in info else info["coherence"]


def test_health_against_numpy(built):
    atoms = dictionary_of(built.text)
    cosines = atoms @ atoms.T
    np.fill_diagonal(cosines, -2)
    text = run("dictionary", "info", built / "dict.safetensors").stdout
    document = json.dumps(json.loads(run("dictionary", "info", built / "dict.safetensors", "--json").stdout))
    first, second = np.unravel_index(cosines.argmax(), cosines.shape)
    assert built.names[first] in text and built.names[second] in text
    values = np.linalg.eigvalsh(atoms.T @ atoms)
    share = values[values > 1e-12] / values.sum()
    rank = float(np.exp(-(share * np.log(share)).sum()))

    def numbers(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return [number for entry in value for number in numbers(entry)]
        return [value] if isinstance(value, (int, float)) else []

    found = numbers(json.loads(document))
    assert any(abs(number - cosines.max()) < 1e-5 for number in found)
    assert any(abs(number - rank) < 1e-3 for number in found)


def test_check_tells_fit_from_unfit(built):
    assert "check passed" in run("dictionary", "check", built / "dict.safetensors").stdout
    atoms = dictionary_of(built.text).astype(np.float32)
    atoms[4] *= 2
    atoms[6] = atoms[5]
    np.save(built / "unfit.npy", atoms)
    said = run("dictionary", "check", built / "unfit.npy", code=1).stdout
    assert "length 1" in said and "equal to an earlier one" in said
