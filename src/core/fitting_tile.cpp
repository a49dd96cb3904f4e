#include "core/fitting_tile.hpp"

#include <new>

#include "splice_cuda/error.hpp"

namespace splice_cuda {

std::unique_ptr<TileSolver> make_fitting_tile(const Backend& backend, const Problem& problem, std::int64_t rows) {
  for (;; rows /= 2) {
    try {
      return backend.make_tile_solver(problem, rows);
    } catch (const std::bad_alloc&) {
      if (rows == 1) throw OutOfMemoryError("out of memory for a tile of one row");
    } catch (const OutOfMemoryError&) {
      if (rows == 1) throw;
    }
  }
}

}  // namespace splice_cuda
