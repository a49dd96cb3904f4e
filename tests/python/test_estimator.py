"""The scikit-learn transformer."""

import pickle

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import Lasso, LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

import splice_cuda  # noqa: E402
from splice_cuda import ConceptTransformer  # noqa: E402


@pytest.mark.parametrize(
    "estimator", [ConceptTransformer(), ConceptTransformer(sparse_output=False), ConceptTransformer(n_exemplars=5, random_state=0)], ids=repr
)
def test_check_estimator(estimator, recwarn):
    checks = check_estimator(estimator, on_fail=None)
    failed = {check["check_name"]: check["exception"] for check in checks if check["status"] not in ("passed", "skipped")}
    assert not failed
    # Array API input is only checked where SCIPY_ARRAY_API is set, output in pandas or polars where they are installed.
    skipped = {check["check_name"] for check in checks if check["status"] == "skipped"}
    assert all("array_api" in name or "pandas" in name or "polars" in name for name in skipped), skipped
    assert len(checks) > 35


def test_agrees_with_lasso(problem):
    fitted = ConceptTransformer(problem.atoms, l1_penalty=0.1, normalize=False, gap_tolerance=1e-9, sparse_output=False).fit(problem.z)
    lasso = Lasso(alpha=0.1 / (2 * 24), positive=True, fit_intercept=False, tol=1e-12, max_iter=100_000)
    expected = lasso.fit(problem.atoms.T.astype(np.float64), problem.z.T.astype(np.float64)).coef_
    np.testing.assert_allclose(fitted.transform(problem.z), expected, atol=2e-4)
    np.testing.assert_allclose(fitted.transform(problem.z) @ problem.atoms, expected @ problem.atoms, atol=1e-5)


def test_a_space_gives_names(problem, tmp_path):
    names = [f"word {j}" for j in range(40)]
    space, _ = splice_cuda.ConceptSpace.build(problem.atoms, names)
    space.save(tmp_path / "space.safetensors")
    for dictionary in (space, tmp_path / "space.safetensors", str(tmp_path / "space.safetensors")):
        fitted = ConceptTransformer(dictionary, target_l0=3).fit(problem.z)
        codes = fitted.transform(problem.z)
        assert codes.format == "csr" and codes.shape == (15, 40) and np.diff(codes.indptr).max() <= 3
        assert list(fitted.get_feature_names_out()) == names
        assert fitted.decompose(problem.z).certified.all()
        back = fitted.inverse_transform(codes)
        np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(fitted.inverse_transform(codes.toarray()), back)


def test_exemplars_explain_themselves(problem):
    x = np.vstack([problem.z, problem.z[:2], np.zeros((1, 24), np.float32)])
    fitted = ConceptTransformer(l1_penalty=0.01).fit(x)
    np.testing.assert_array_equal(fitted.exemplars_, np.arange(15))
    assert list(fitted.get_feature_names_out()[:2]) == ["exemplar0", "exemplar1"]
    codes = fitted.transform(problem.z).toarray()
    np.testing.assert_array_equal(codes.argmax(axis=1), np.arange(15))
    # With a mean the length of x - mean is lost; without one, embeddings come back.
    plain = ConceptTransformer(l1_penalty=0.01, center=False).fit(x)
    np.testing.assert_allclose(plain.inverse_transform(plain.transform(problem.z)), problem.z, atol=0.02)
    drawn = ConceptTransformer(n_exemplars=4, random_state=3).fit(problem.z)
    assert drawn.components_.shape == (4, 24) and (np.diff(drawn.exemplars_) > 0).all()


def test_pandas_output(problem):
    pandas = pytest.importorskip("pandas")
    fitted = ConceptTransformer(problem.atoms, sparse_output=False).set_output(transform="pandas")
    frame = fitted.fit_transform(problem.z)
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns[:2]) == ["atom 0", "atom 1"]


def test_in_a_pipeline(problem):
    labels = np.arange(15) % 2
    pipeline = make_pipeline(ConceptTransformer(problem.atoms, l1_penalty=0.05), LogisticRegression(C=100)).fit(problem.z, labels)
    again = pickle.loads(pickle.dumps(clone(pipeline).fit(problem.z, labels)))
    np.testing.assert_array_equal(again.predict(problem.z), pipeline.predict(problem.z))


def test_wrong_arguments(problem):
    with pytest.raises(ValueError, match="X: got 24 features, expected the dictionary's dimension, 3"):
        ConceptTransformer(np.eye(3)).fit(problem.z)
    with pytest.raises(ValueError, match="n_exemplars: got 0"):
        ConceptTransformer(n_exemplars=0).fit(problem.z)
    with pytest.raises(ValueError, match="X: got 3 columns, expected one a concept, 40"):
        ConceptTransformer(problem.atoms).fit(problem.z).inverse_transform(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="l1_penalty: got -1"):
        ConceptTransformer(problem.atoms, l1_penalty=-1).fit(problem.z).transform(problem.z)
