"""The command `splice-export`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .model import Extras, ExportError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="splice-export", description="Writes a CLIP model as a folder that splice_cuda reads.")
    parser.add_argument("model", help='open_clip\'s name: "ViT-B-32", "hf-hub:org/repo", "local-dir:/path"; with --transformers a folder')
    parser.add_argument("output", type=Path, help="the folder to write; must not exist")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--pretrained", help="tag of open_clip, or path of a checkpoint (read with weights_only=True)")
    weights.add_argument("--random-seed", type=int, help="random weights with that seed, for tests")
    parser.add_argument("--config", type=Path, help="model configuration in open_clip's JSON; its stem is the model's name")
    parser.add_argument("--transformers", action="store_true", help="the model is a CLIPModel of transformers in a local folder")
    parser.add_argument("--image-only", action="store_true", help="without the text tower")
    parser.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), default="float32", help="type of the stored weights")
    parser.add_argument("--name", help="what the model calls itself; default: its name")
    parser.add_argument("--image-mean", type=Path, help="mean of unit image embeddings, .npy, to put into the folder")
    parser.add_argument("--vocabulary", type=Path, help="concepts, one a line, to put into the folder")
    parser.add_argument("--dictionary", type=Path, help="dictionary, .safetensors, to put into the folder")
    return parser


def _export(arguments: argparse.Namespace) -> None:
    try:
        import torch
    except ImportError as error:
        raise ExportError(f"torch can't be imported ({error}); expected the package torch") from error
    from .folder import write_folder

    if arguments.transformers:
        from . import transformers_model

        model = transformers_model.load(Path(arguments.model), arguments.image_only)
    else:
        from . import open_clip_model

        model = open_clip_model.load(arguments.model, arguments.pretrained, arguments.config, arguments.random_seed,
                                     arguments.image_only)
    model.name = arguments.name or model.name
    extras = Extras(arguments.image_mean, arguments.vocabulary, arguments.dictionary)
    differences = write_folder(model, arguments.output, getattr(torch, arguments.dtype), extras)
    for name, difference in differences.items():
        print(f"{name}: largest difference to the model {difference:.2g} (relative to its largest output)")
    print(f"wrote {arguments.output}")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command. Returns its exit code: 0, or 1 after saying on stderr what went wrong."""
    parsed = _parser().parse_args(arguments)
    try:
        _export(parsed)
    except (ExportError, OSError) as error:
        print(f"splice-export: {error}", file=sys.stderr)
        return 1
    return 0
