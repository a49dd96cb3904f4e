"""What the experiments of SpLiCE (arXiv 2402.10376) are made of: statistics, edits and measures of codes and embeddings.

    from splice_cuda import experiments

    result = space.decompose(embeddings, l1_penalty=0.25)
    for group in experiments.summarize(result, labels):          # mean codes per class, with standard errors
        print(group.name, group.rows, group.l0.mean, group.top(space, 5))
    without = experiments.edit_codes(result, remove=["glasses"], space=space)

The command does the same for data sets on disk, and writes reports (docs/experiments.md). Probes are left to scikit-learn:
codes go into it as they are (`result.to_scipy()`).
"""

from __future__ import annotations

try:
    from .. import _experiments  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"splice_cuda.experiments: {error}; expected a package built with SPLICE_EXPERIMENTS=ON (liblinear)"
    ) from error

from .edits import GroupMember, concept_group, edit_codes, suggest_penalty
from .learning import LearnedDictionary, LearnEpoch, learn_dictionary, random_atoms
from .measures import (
    ModalityGap,
    PairCosines,
    PairSummary,
    Recall,
    TripleFits,
    linearity,
    modality_gap,
    pair_cosines,
    recall,
    zero_shot,
)
from .statistics import GroupSummary, Moments, PermutationTest, permutation_test, summarize

__all__ = [
    "GroupMember",
    "GroupSummary",
    "LearnEpoch",
    "LearnedDictionary",
    "ModalityGap",
    "Moments",
    "PairCosines",
    "PairSummary",
    "PermutationTest",
    "Recall",
    "TripleFits",
    "concept_group",
    "edit_codes",
    "learn_dictionary",
    "linearity",
    "modality_gap",
    "pair_cosines",
    "permutation_test",
    "random_atoms",
    "recall",
    "suggest_penalty",
    "summarize",
    "zero_shot",
]
