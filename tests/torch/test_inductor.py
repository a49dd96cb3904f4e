"""torch.compile by inductor, which compiles C++: half a minute."""

import shutil

import pytest

from test_compile import check_compiled, regularised


@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs g++")
def test_compiled_by_inductor():
    check_compiled(regularised, "inductor")
