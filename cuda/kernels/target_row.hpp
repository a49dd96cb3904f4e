#pragma once

/// @file target_row.hpp
/// Rows that find their own penalty (target_l0, target_cosine), a block a row, in fp64: the path among the candidates is
/// followed to where it meets the target, atoms that violate there join them, and it is followed anew
/// (src/cpu/target_row.cpp is the CPU's).

#include <cmath>
#include <cstdint>

#include "core/path_math.hpp"
#include "kernels/row_products.hpp"
#include "kernels/select_largest.hpp"
#include "kernels/target_path.hpp"
#include "kernels/target_view.hpp"
#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

template <class Group>
class TargetRow {
  template <class T>
  using Array = typename Group::template Array<T>;

 public:
  SPLICE_KERNEL TargetRow(Group& group_, const TargetArgs& args_, std::int64_t row_)
      : TargetRow(group_, args_, row_, target_memory(args_, group_.index())) {}

  SPLICE_KERNEL void solve() {
    group.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (std::int64_t k = lane; k < args.atoms.ld; k += Group::size) residual[k] = static_cast<double>(z[k]);
      SPLICE_NO_UNROLL
      for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) member[j] = std::uint8_t{0};
    });
    group.sync();
    int rounds = 0;
    SPLICE_NO_UNROLL
    while (rounds < args.problem.max_rounds && add_candidates(rounds)) {
      follow();
      ++rounds;
    }
    group.once([&] {
      args.rows.lambda[row] = path.lambda();
      args.rows.rounds[row] = rounds;
      args.rows.iterations[row] = path.pivots();
      args.rows.phase[row] = RowPhase::claims_exactly;
      args.penalties[row] = penalty;
    });
  }

 private:
  SPLICE_KERNEL TargetRow(Group& group_, const TargetArgs& args_, std::int64_t row_, const TargetMemory& m)
      : group(group_),
        args(args_),
        row(row_),
        z(args_.rows.z + row_ * args_.atoms.ld),
        path(group_, args_, m, z),
        correlations(group_.array(m.correlations, args_.atoms.size)),
        image(group_.array(m.image, args_.atoms.ld)),
        residual(group_.array(m.residual, args_.atoms.ld)),
        member(group_.array(m.member, args_.atoms.size)) {}

  SPLICE_KERNEL int atom_count() const { return static_cast<int>(args.atoms.size); }
  SPLICE_KERNEL bool has_all() const { return args.atoms.size <= args.first_candidates; }

  /// A correlation as the constraint sees it.
  SPLICE_KERNEL double excess(int atom, double product) const {
    return (args.problem.nonnegative ? product : std::abs(product)) * path_inverse_weight(args.problem, atom);
  }

  /// In the first round all atoms, or those that correlate best with z; from then on what violates where the path ended.
  /// @returns whether there is anything to follow
  SPLICE_KERNEL bool add_candidates(int rounds) {
    if (has_all()) {
      if (rounds > 0) return false;
      path.join(list_passing(
          group, atom_count(), [&](int, int j) { return path_inverse_weight(args.problem, j) > 0; },
          [&](int at, int j) { path.put_candidate(at, j); }));
      return true;
    }
    const int room = args.candidates - path.size();
    const int most = rounds == 0 ? args.first_candidates : args.most_new < room ? args.most_new : room;
    dot_atoms<double>(
        group, float_atoms(args.atoms), atom_count(), [](int j) -> std::int64_t { return j; }, residual,
        [&](int j, double product) { correlations[j] = product; });
    group.sync();
    const int count = select_largest(
        group, atom_count(), rounds == 0 ? 0.0 : path.lambda() * (1 + math::path_violation), most - most / 10, most,
        [&](int j) { return member[j] != 0 ? 0.0 : excess(j, correlations[j]); },
        [&](int at, int j) {
          path.put_candidate(at, j);
          member[j] = std::uint8_t{1};
        });
    path.join(count);
    return rounds == 0 || count > 0;
  }

  /// The path to its end, and the row's penalty, residual and code there. Two knots within a float32, or weights whose rounding
  /// costs the cosine: a little further along, further each time.
  SPLICE_KERNEL void follow() {
    const int exponent = args.rows.exponent[row];
    PathEnd end = PathEnd::empty;
    bool above = true;
    double wanted = 0;  // the target
    SPLICE_NO_UNROLL
    for (int moves = -1;; ++moves) {
      const PathEnd reached = path.go_to(wanted);
      if (moves < 0) {
        end = reached;
        above = args.l0 > 0 || end != PathEnd::target;
        penalty = math::penalty_beside(end == PathEnd::empty ? math::path_floor : path.lambda(), exponent, above);
      } else {
        settle();
        if (moves == math::most_penalty_moves || (args.l0 == 0 && end != PathEnd::target) || meets_target()) return;
        penalty = math::moved_by(penalty, std::int64_t{1} << moves, above);
      }
      wanted = math::lambda_of(penalty, exponent);
    }
  }

  /// Residual and code at lambda. Newton steps with residuals from the atoms themselves take out what the path has lost.
  SPLICE_KERNEL void settle() {
    constexpr int newton_steps = 3;
    SPLICE_NO_UNROLL
    for (int step = 0;; ++step) {
      subtract_atoms<double>(
          group, args.atoms, z, path.support_size(), [&](int s) -> std::int64_t { return path.atom(s); },
          [&](int s) { return path.weight(s); }, residual);
      if (step == newton_steps || !path.newton_step(residual)) break;
    }
    write_code(group, args.rows, row, path.support_size(), [&](int s) { return path.atom(s); },
               [&](int s) { return path.weight(s); }, path.scratch());
    group.sync();
  }

  /// What is promised of the code that is returned, float32 weights and all.
  SPLICE_KERNEL bool meets_target() {
    const int count = args.rows.code_count[row];
    if (args.l0 > 0) return count <= args.l0;
    const std::int64_t from = row * args.rows.code_capacity;
    auto atoms = group.array(args.rows.code_atoms + from, args.rows.code_capacity);
    auto weights = group.array(args.rows.code_weights + from, args.rows.code_capacity);
    subtract_atoms<double>(
        group, args.atoms, args.zeros, count, [&](int i) -> std::int64_t { return static_cast<std::int32_t>(atoms[i]); },
        [&](int i) { return static_cast<double>(static_cast<float>(weights[i])); }, image);  // = -C'w
    const double along = -dot_vectors(group, args.atoms.ld, image, z);
    const double square = dot_vectors(group, args.atoms.ld, image, image);
    return math::has_cosine(along, square, args.cosine, path.square_of_z());
  }

  Group& group;
  const TargetArgs& args;
  std::int64_t row;
  const float* z;
  TargetPath<Group> path;
  Array<double> correlations;
  Array<double> image;
  Array<double> residual;
  Array<std::uint8_t> member;
  float penalty = 0;
};

/// Solves every row that is not finished yet.
struct TargetRowKernel {
  using Args = TargetArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 2;  // one is at its barriers while the other loads
  static constexpr const char* name = "target_row_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    if (args.rows.phase[row] == RowPhase::finished) {  // without an embedding any penalty is as good as another
      group.once([&] { args.penalties[row] = 1; });
      return;
    }
    TargetRow<Group>(group, args, row).solve();
  }
};

}  // namespace splice_cuda::cuda
