"""Writes the archives of npz_foreign_test.cpp, each holding the matrix
    [[0, 0.5, 0, 0.25], [0, 0, 0, 0], [1.5, 0, -2, 0]]
Run in this folder where NumPy and SciPy are installed; the results are kept beside it."""

import io

import numpy as np
import scipy.sparse as sparse

dense = np.array([[0, 0.5, 0, 0.25], [0, 0, 0, 0], [1.5, 0, -2, 0]])
matrix = sparse.csr_matrix(dense)  # float64 values, int32 indices and offsets


class Pipe(io.RawIOBase):
    """Can't seek: sizes and checksums follow the members."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, part):
        self.data += bytes(part)
        return len(part)


sparse.save_npz("scipy_deflated.npz", matrix, compressed=True)
sparse.save_npz("scipy_stored.npz", matrix.astype(np.float32), compressed=False)
sparse.save_npz("scipy_csc.npz", sparse.csc_matrix(dense))
pipe = Pipe()
sparse.save_npz(pipe, matrix, compressed=True)
open("scipy_streamed.npz", "wb").write(pipe.data)
# As SciPy wrote it under Python 2, and with 64-bit indices.
np.savez("scipy_wide.npz", format="csr", shape=matrix.shape, data=matrix.data.astype(np.float16),
         indices=matrix.indices.astype(np.int64), indptr=matrix.indptr.astype(np.int64))
