#include <memory>
#include <string>

#include <hwy/highway.h>

#include "backend/backend.hpp"
#include "cpu/admm.hpp"
#include "cpu/amx.hpp"
#include "cpu/brute_certify.hpp"
#include "cpu/coordinate_descent.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/fista.hpp"
#include "cpu/recompose.hpp"
#include "cpu/working_set_tile.hpp"

namespace splice_cuda {
namespace cpu {
namespace {

const CpuDictionary& as_cpu(const DictionaryData& dictionary) {
  return static_cast<const CpuDictionary&>(dictionary);  // checked at the API's edge
}

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(int threads) : threads_(threads) {}

  Device device() const override { return Device::cpu(); }
  int workers() const override { return threads_; }
  bool follows_paths() const override { return true; }

  std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource& source) const override {
    return make_cpu_dictionary(source, threads_);
  }

  TileCost tile_cost(const Problem& problem) const override {
    const CpuDictionary& dictionary = as_cpu(*problem.dictionary);
    switch (problem.solve.solver) {
      case SolverKind::coordinate_descent: return coordinate_descent_tile_cost(dictionary);
      case SolverKind::fista: return fista_tile_cost(dictionary);
      case SolverKind::admm: return admm_tile_cost(dictionary);
      case SolverKind::working_set: break;
    }
    return working_set_tile_cost(dictionary, problem);
  }

  std::unique_ptr<TileSolver> make_tile_solver(const Problem& problem, std::int64_t rows) const override {
    const CpuDictionary& dictionary = as_cpu(*problem.dictionary);
    switch (problem.solve.solver) {
      case SolverKind::coordinate_descent:
        return make_coordinate_descent_tile(dictionary, problem, rows);
      case SolverKind::fista: return make_fista_tile(dictionary, problem, rows);
      case SolverKind::admm: return make_admm_tile(dictionary, problem, rows);
      case SolverKind::working_set: break;
    }
    return std::make_unique<WorkingSetTile>(dictionary, problem, rows);
  }

  void certify(const Problem& problem, const SparseCodes& codes, std::int64_t first,
               std::span<RowReport> reports) const override {
    certify_brute_force(as_cpu(*problem.dictionary), problem, codes, first, reports);
  }

  void recompose(const DictionaryData& dictionary, const SparseCodes& codes, std::int64_t first,
                 std::int64_t count, MatrixView<float> reconstruction) const override {
    recompose_rows(as_cpu(dictionary), codes, first, count, reconstruction);
  }

 private:
  int threads_;
};

}  // namespace
}  // namespace cpu

std::unique_ptr<Backend> make_cpu_backend(int threads) {
  return std::make_unique<cpu::CpuBackend>(threads);
}

std::string cpu_target() {
  const std::int64_t widest = hwy::SupportedTargets() & -hwy::SupportedTargets();
  const std::string name = hwy::TargetName(widest);
  return widest == HWY_AVX3_DL && cpu::amx_usable() ? name + "+AMX" : name;
}

}  // namespace splice_cuda
