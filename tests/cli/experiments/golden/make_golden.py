"""What scikit-learn's MiniBatchDictionaryLearning reaches on test_dictionary_learn.planted(): writes sklearn_dictionary.json.

Needs scikit-learn. SPLICE may be any path: it is not run."""

import json
import os
import sys
from pathlib import Path

import sklearn
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode

os.environ.setdefault("SPLICE", "splice")
here = Path(__file__).resolve().parent
sys.path[:0] = [str(here.parent), str(here.parent.parent)]
GOLDEN = here / "sklearn_dictionary.json"
L1_PENALTY = 0.2


def main() -> None:
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps({"l1_penalty": L1_PENALTY, "objective": 1}))
    from test_dictionary_learn import planted

    _, z = planted()
    z = z.astype(float)
    best = None
    for batch in (128, 512):
        learner = MiniBatchDictionaryLearning(40, alpha=L1_PENALTY / 2, positive_code=True, batch_size=batch, max_iter=20, fit_algorithm="cd",
                                              random_state=0, tol=0, max_no_improvement=None)
        atoms = learner.fit(z).components_
        codes = sparse_encode(z, atoms, algorithm="lasso_cd", alpha=L1_PENALTY / 2, positive=True, max_iter=10000)
        objective = float(((z - codes @ atoms) ** 2).sum(axis=1).mean() + L1_PENALTY * codes.sum(axis=1).mean())
        best = objective if best is None else min(best, objective)
    GOLDEN.write_text(json.dumps({"sklearn": sklearn.__version__, "l1_penalty": L1_PENALTY, "epochs": 20, "objective": best}) + "\n")


if __name__ == "__main__":
    main()
