"""splice evaluate probe beside scikit-learn's LogisticRegression(solver="liblinear"), whose problem it names."""

import importlib.util
import sys

import numpy as np
import pytest

sys.path.insert(0, str(__import__("pathlib").Path(__file__).parents[1]))

if importlib.util.find_spec("sklearn") is None:
    pytest.skip(f"{sys.executable} lacks scikit-learn", allow_module_level=True)

from evaluation import row_of, rows_of  # noqa: E402
from labelled_rows import LABELS, LabelledRows  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.multiclass import OneVsRestClassifier  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return LabelledRows(tmp_path_factory.mktemp("peer"))


@pytest.mark.filterwarnings("ignore:'penalty' was deprecated", "ignore:Inconsistent values")  # of scikit-learn 1.8: other names to come
@pytest.mark.parametrize("label", ["label", "place"])
@pytest.mark.parametrize("penalty, cost", [("l1", 1.0), ("l1", 10.0), ("l2", 0.5), ("l2", 10.0)])
def test_coefficients_and_accuracies(data, label, penalty, cost):
    document = data.run("evaluate", "probe", more=["--label", label, "--split-column", "split", "--penalty", penalty, "--cost", cost, "--top", 40])
    codes, dense = data.codes(), data.dense()
    truth, names = (data.label, LABELS) if label == "label" else (data.place, ["land", "water"])
    known = data.has_embedding & (data.has_label | (label == "place"))
    train, test = known & (data.split == "train"), known & (data.split == "test")
    options = dict(solver="liblinear", C=cost, penalty=penalty, tol=1e-4, random_state=0)

    def peer(rows):
        model = LogisticRegression(**options)
        return (OneVsRestClassifier(model) if len(names) > 2 else model).fit(rows[train], truth[train])

    on_codes = peer(codes)
    fits = [model.coef_[0] for model in on_codes.estimators_] if len(names) > 2 else [-on_codes.coef_[0], on_codes.coef_[0]]
    for name, expected in zip(names, fits):
        found = {row["concept"]: row["coefficient"] for row in rows_of(document, "coefficients") if row["class"] == name}
        coefficients = np.array([found.get(concept, 0.0) for concept in data.names])
        assert np.abs(coefficients - expected).max() < 0.02 * max(1, np.abs(expected).max())
    assert row_of(document, "accuracy", condition="codes")["accuracy"] == pytest.approx(on_codes.score(codes[test], truth[test]), abs=0.02)
    on_dense = peer(dense)
    for condition, rows in (("dense", dense), ("recomposed", data.recompose(codes))):
        assert row_of(document, "accuracy", condition=condition)["accuracy"] == pytest.approx(on_dense.score(rows[test], truth[test]), abs=0.02)
