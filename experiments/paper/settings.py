"""The paper's settings: penalties, costs, words."""
from __future__ import annotations

PROMPT = "A photo of a {}"
ZERO_SHOT_SETS = ("cifar100", "mit_states", "imagenet", "cifar10")
LINEARITY_SETS = ("imagenet", "cifar100", "mit_states", "coco")
PROBE_SETS = ("cifar100", "mit_states")

ZERO_SHOT_PENALTY = 0.25
RETRIEVAL_PENALTIES = "0.35,0.25,0.15,0.08,0.04"
CLASS_PENALTY = {"cifar10": 0.35, "cifar100": 0.25, "imagenet": 0.30}
CELEBA_PENALTY, CELEBA_COST = 0.20, 10.0
WATERBIRDS_PENALTY, WATERBIRDS_COST = 0.30, 4.0
CARS_PENALTY = 0.25

CURVE_TARGETS = (3, 5, 10, 20, 35, 50, 100, 200)
PROBE_TARGETS = (3, 10, 30, 117)
PROBE_COST = 10.0
#: Quick runs: whether it works at all.
FEW_TARGETS = (3, 10)

EYEWEAR = ("eyewear", "sunglasses", "glasses", "visor")
SWIMWEAR = ("swimwear", "trunks", "bra", "underwear")
DESERT = ("desert",)
LAND = ("bamboo", "forest", "hiking", "rainforest", "trees", "woods", "woodland", "jungle", "bamboo forest", "redwood")
#: Classes in which these groups are looked at.
SCANNED = {"swimwear": (SWIMWEAR, ("man", "woman")), "desert": (DESERT, ("camel", "kangaroo"))}
