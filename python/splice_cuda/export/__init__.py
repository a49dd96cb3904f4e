"""Writes CLIP models as folders that splice_cuda reads (docs/model_folder.md): `splice-export`, or `python -m splice_cuda.export`.

Needs torch and open_clip (or transformers, for models in its format); reading such a folder needs neither.
"""

from .command import main

__all__ = ["main"]
