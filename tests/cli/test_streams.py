"""stdout holds results, stderr the rest; a progress line on terminals only."""

import os
import pty
import signal
import subprocess

import numpy as np
import scipy.sparse
from conftest import SPLICE, run


def many(built, rows):
    generator = np.random.default_rng(3)
    np.save(built / "many.npy", generator.normal(size=(rows, 24)).astype(np.float32))
    return ["decompose", "-d", str(built / "dict.safetensors"), "-e", str(built / "many.npy"), "-o", str(built / "many.npz")]


def test_results_and_messages_are_apart(built):
    done = run(*many(built, 50), "--top", 2)
    assert done.stdout.count("row ") == 50 and "50 rows in" in done.stdout
    assert done.stderr == f"splice: wrote {built / 'many.npz'}\n"
    assert run(*many(built, 50), "--quiet").stderr == ""
    assert "50 rows in" in run(*many(built, 50), "--quiet").stdout


def test_without_out_rows_are_printed(built):
    arguments = many(built, 3)[:5]
    done = run(*arguments)
    assert done.stdout.startswith("row 0  ") and done.stderr == ""


def test_a_missing_image_mean_is_noted(inputs):
    run("dictionary", "build", "-e", inputs / "text.npy", "-c", inputs / "words.txt", "-o", inputs / "dict.safetensors")
    done = run("decompose", "-d", inputs / "dict.safetensors", "-e", inputs / "images.npy")
    assert done.stderr.startswith("splice: note: ") and "--image-mean" in done.stderr


def on_a_terminal(arguments):
    """stderr of a run whose stderr is a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([SPLICE, *arguments], stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    process.communicate(timeout=300)
    os.close(leader)
    assert process.returncode == 0
    return seen.decode()


def test_a_progress_line_on_a_terminal_only(built):
    arguments = many(built, 60000) + ["--solver", "fista", "--threads", "1"]
    seen = on_a_terminal(arguments)
    assert "decompose" in seen and "%" in seen and "\r" in seen
    piped = run(*many(built, 2000))
    assert "%" not in piped.stderr and "\r" not in piped.stderr


def test_a_reader_that_leaves_early_costs_no_file(built):
    arguments = many(built, 20000) + ["--top", "5"]
    process = subprocess.Popen([SPLICE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    message = process.stderr.read().decode()
    assert process.wait(timeout=300) in (0, -signal.SIGPIPE), message  # as any filter ends whose reader has left
    assert scipy.sparse.load_npz(built / "many.npz").shape == (20000, 40)


def test_a_full_standard_output_is_an_error(built):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SPLICE, *many(built, 5), "--top", "2"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3 and "standard output" in done.stderr
