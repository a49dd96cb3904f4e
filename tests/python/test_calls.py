"""Long calls: Ctrl-C, other threads, progress, cancelling, memory."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import splice_cuda

SMALL_TILES = 16 << 20


def small_tiles():
    return splice_cuda.Context(threads=1, memory_limit=SMALL_TILES)


def test_keyboard_interrupt(long_problem):
    dictionary = splice_cuda.Dictionary(long_problem.atoms)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        dictionary.decompose(long_problem.z, 0.01, context=small_tiles())
    assert 0.25 < time.monotonic() - start < 20
    assert dictionary.decompose(long_problem.z[:3], 0.2).certified.all()


def test_other_threads_run(long_problem):
    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0.001)

    dictionary = splice_cuda.Dictionary(long_problem.atoms)
    thread = threading.Thread(target=count)
    thread.start()
    start = time.monotonic()
    dictionary.decompose(long_problem.z[:60], 0.01, context=splice_cuda.Context(threads=1))
    seconds = time.monotonic() - start
    stop.set()
    thread.join()
    assert seconds > 0.05 and counted > 10 * seconds


def test_progress_comes_from_the_calling_thread(long_problem):
    told = []
    dictionary = splice_cuda.Dictionary(long_problem.atoms)
    caller = threading.get_ident()

    def tell(done, total):
        told.append((done, total))
        assert threading.get_ident() == caller

    dictionary.decompose(long_problem.z[:200], 0.05, context=small_tiles(), progress=tell)
    assert told[-1] == (200, 200)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_an_error_in_progress_ends_the_call(long_problem):
    def tell(done, total):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        splice_cuda.decompose(long_problem.z, long_problem.atoms, 0.01, context=small_tiles(), progress=tell)


def test_cancel(long_problem):
    with pytest.raises(splice_cuda.CancelledError, match="cancelled"):
        splice_cuda.decompose(long_problem.z, long_problem.atoms, 0.01, context=small_tiles(), cancel=lambda: True)


def test_bars(problem, capsys):
    pytest.importorskip("tqdm")
    splice_cuda.decompose(problem.z, problem.atoms, progress=True)
    assert "15.0/15.0" in capsys.readouterr().err


def test_a_bar_without_tqdm(problem, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="tqdm"):
        splice_cuda.decompose(problem.z, problem.atoms, progress=True)


def test_threads_share_a_context(problem, dictionary):
    expected = dictionary.decompose(problem.z, 0.1).codes.values.tobytes()
    context = splice_cuda.Context(threads=1)
    wrong = []

    def work():
        for _ in range(20):
            if dictionary.decompose(problem.z, 0.1, context=context).codes.values.tobytes() != expected:
                wrong.append(threading.get_ident())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_callback_may_not_use_its_context(long_problem):
    context = small_tiles()

    def tell(done, total):
        splice_cuda.decompose(long_problem.z[:1], long_problem.atoms, context=context)

    with pytest.raises(splice_cuda.ArgumentError, match="context: got one whose call is waiting"):
        splice_cuda.decompose(long_problem.z[:50], long_problem.atoms, context=context, progress=tell)


PEAK = """
import re
import numpy as np
import splice_cuda

def peak():  # of this process alone: getrusage's is inherited from the one that started it
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

dictionary = splice_cuda.Dictionary(np.eye(128, dtype=np.float32))
z = np.zeros((150_000, 128), "DTYPE")
z[:] = 0  # touched, so that it counts before
context = splice_cuda.Context(threads=1, memory_limit=8 << 20)
dictionary.decompose(z[:100], context=context)
before = peak()
result = dictionary.decompose(z, context=context)
assert result.status[0] == "zero_embedding"
codes = result.to_scipy()
print(peak() - before)
"""


def peak_kilobytes(dtype):
    done = subprocess.run([sys.executable, "-c", PEAK.replace("DTYPE", dtype)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_no_copy_of_the_embeddings():
    array = 150_000 * 128 * 4 // 1024
    reports = 150_000 * 56 // 1024
    assert peak_kilobytes("float32") < 2 * reports + 16 * 1024 < array / 2
    assert peak_kilobytes("float64") > array * 0.9  # one copy, seen by the same measure
