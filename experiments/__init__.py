"""The experiments of the SpLiCE paper, run by the command `splice`.

On scene-clip, whose concepts are known, every figure is compared with the truth (`python -m experiments`); on real models and
data sets the same protocols fill the paper's tables (`python -m experiments --model DIR --data NAME=KIND:PATH ...`).
"""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "scene_clip"

if str(MODEL) not in sys.path:
    sys.path.insert(0, str(MODEL))  # the renderer, captions and truth of concepts: package scene_clip
