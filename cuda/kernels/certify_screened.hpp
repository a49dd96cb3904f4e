#pragma once

/// @file certify_screened.hpp
/// Certificates of rows that claim to be solved: the largest correlation over ALL atoms is bounded by exact products for
/// the atoms that may come near lambda, and by what the last screening proved for the rest (src/cpu/certify_row.cpp).

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "core/screen_math.hpp"
#include "kernels/atom_names.hpp"
#include "kernels/certificate.hpp"
#include "kernels/in_code.hpp"
#include "kernels/list_passing.hpp"
#include "kernels/remainder_products.hpp"
#include "kernels/row_outcome.hpp"
#include "kernels/row_products.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/small_code.hpp"
#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct CertifyScreenedKernel {
  struct Args {
    AtomsView atoms;
    ProblemView problem;
    RowsView rows;
    ScreenView screen;
    double* residuals = nullptr;         ///< [groups, ld]
    float* products = nullptr;           ///< [groups, list_capacity] what is known of candidates' correlations, in float32
    std::int32_t* candidates = nullptr;  ///< [groups, candidate_lists, list_capacity]
    ItemQueue* queue = nullptr;
  };
  using Shared = SmallCode;
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 4;
  static constexpr int resident_blocks = 3;
  static constexpr const char* name = "certify_screened_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return *args.screen.active_count; }

  /// Item: a place among the active rows.
  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    const std::int32_t row = args.screen.active[place];
    if (args.rows.phase[row] != RowPhase::claims) return;
    auto residual = group.array(args.residuals + group.index() * args.atoms.ld, args.atoms.ld);
    const CodeView code = code_of(args.rows, row, args.atoms.ld);
    const bool small = code.count <= SmallCode::capacity;
    const SharedCode<Group> shared_code(group, shared);
    typename Group::template PerLane<LaneTerms> found;
    group.each([&](int lane) { found[lane] = {}; });
    if (small) {
      load_small_code(group, code.count, code.atoms, code.weights, shared_code);
      look_at_small_code(group, args.atoms, args.problem, code, shared_code, residual, found);
    } else {
      look_at_code(group, args.atoms, args.problem, code, residual, found);
    }
    const CodeTerms terms = add_up(group, found);
    const auto in_support = [&](std::int32_t atom) {
      if (!small) return in_code(args.rows, row, atom);
      return code.count > 0 && has_name(shared_code.atoms, SmallCode::capacity, atom);
    };
    const double movement = moved(group, args, row, residual);
    const double listed = largest_listed(group, args, row, residual, in_support, movement, std::sqrt(terms.r_dot_r));
    const double unlisted = static_cast<double>(args.screen.unlisted_bound[row]) +
                            static_cast<double>(args.problem.atom_norm) * movement;
    group.once([&] {
      const double largest = listed > unlisted ? listed : unlisted;
      const bool certified = write_certificate(args.atoms, args.problem, args.rows, row, terms, largest);
      const bool spent = args.rows.rounds[row] >= args.problem.max_rounds;
      if (certified || spent) {
        finish_row(args.rows, row, certified);
        return;
      }
      constexpr int patience = most_misses - 1;  // less than with rounds that claim nothing; the first claim, which nobody checked, counts
      const std::int32_t misses = args.rows.misses[row]++;
      args.rows.phase[row] = misses >= patience ? RowPhase::exact : RowPhase::refused;
    });
  }

 private:
  template <class Group, class Vector>
  static SPLICE_KERNEL double moved(Group& group, const Args& args, std::int32_t row, const Vector& residual) {
    const std::int8_t* q = args.screen.q + args.screen.place[row] * args.atoms.ld;
    const double scale = static_cast<double>(args.screen.scale[row]);
    return distance_to_copy<double>(group, args.atoms.ld, residual, q, scale) * (1 + 1e-9);
  }

  /// Of the list, without the support, whose correlations are known: what the screening bounds by lambda needs no look; most of
  /// the rest are bounded once the remainders of their int8 copies are multiplied, too, most others by products of their high
  /// float16 parts, with error bounds; what these leave open is multiplied in fp64.
  template <class Group, class Vector, class InSupport>
  static SPLICE_KERNEL double largest_listed(Group& group, const Args& args, std::int32_t row, const Vector& residual,
                                             InSupport in_support, double movement, double residual_norm) {
    const double lambda = args.rows.lambda[row];
    const double norm = static_cast<double>(args.screen.norm[row]);
    const int count = args.screen.list_count[row];
    const std::int64_t room = args.screen.list_capacity;
    auto atoms = group.array(args.screen.list_atoms + row * room, room);
    auto values = group.array(args.screen.list_values + row * room, room);
    auto products = group.array(args.products + group.index() * room, room);
    auto candidates = candidate_list(group, args.candidates, 0, room);
    auto sums = candidate_list(group, args.candidates, 1, room);
    auto open = candidate_list(group, args.candidates, 2, room);
    const auto correlation = [&](double product, double inverse) {
      const double found = product * inverse;
      return args.problem.nonnegative ? found : std::fabs(found);
    };
    typename Group::template PerLane<double> largest;
    group.each([&](int lane) { largest[lane] = 0; });
    const auto exceeds = [&](int lane, double bound) {
      const bool may_exceed = !(bound <= lambda);
      if (!may_exceed && bound > largest[lane]) largest[lane] = bound;  // not above lambda, whose atom it is or not
      return may_exceed;
    };
    const int found = list_passing_entries(
        group, count,
        [&](int i) SPLICE_INLINED { return list_entry(atoms, values, args.problem.screen_error, i); },
        [&](int lane, int, const ListEntry& entry) SPLICE_INLINED {
          const double size = static_cast<double>(args.problem.nonnegative ? entry.value : std::fabs(entry.value));
          const double bound = math::screened_upper_bound(size, static_cast<double>(entry.error), norm,
                                                          static_cast<double>(args.problem.atom_norm), movement);
          return exceeds(lane, bound) && !in_support(entry.atom);
        },
        [&](int at, int, const ListEntry& entry) SPLICE_INLINED {
          candidates[at] = entry.atom;
          products[at] = entry.value;
        });
    multiply_remainders(group, args.atoms.remainders, args.atoms.ld, found, candidates, args.screen.q + args.screen.place[row] * args.atoms.ld, sums);
    const int unsettled = list_passing_entries(
        group, found, [&](int i) SPLICE_INLINED { return refined_entry(args.problem, candidates, products, sums, i); },
        [&](int lane, int, const RefinedEntry& entry) SPLICE_INLINED {
          const float value = refined_value(entry, args.screen.scale[row]);
          const double size = static_cast<double>(args.problem.nonnegative ? value : std::fabs(value));
          return exceeds(lane, math::screened_upper_bound(size, static_cast<double>(entry.remainder.error), norm,
                                                          static_cast<double>(args.problem.atom_norm), movement));
        },
        [&](int at, int, const RefinedEntry& entry) SPLICE_INLINED { open[at] = entry.atom; });
    const auto candidate = [&](int i) -> std::int64_t { return open[i]; };
    dot_atoms<float>(group, high_atoms(args.atoms), unsettled, candidate, residual,
                     [&](int i, float product) { products[i] = product * args.atoms.half_scales[open[i]]; });
    group.sync();
    const double error = math::high_product_error(args.atoms.ld) * static_cast<double>(args.problem.atom_norm) * residual_norm;
    const double least = static_cast<double>(args.atoms.ld) * 0x1p-147;  // of what lies below the normal numbers
    struct Candidate {
      std::int32_t atom;
      float product;
      double inverse;
    };
    const int left = list_passing_entries(
        group, unsettled,
        [&](int i) SPLICE_INLINED {
          const std::int32_t atom = open[i];
          return Candidate{atom, products[i], args.problem.inverse[atom]};
        },
        [&](int lane, int, const Candidate& own) SPLICE_INLINED {
          const bool settled = std::fabs(own.product) < 1e38f;  // beyond, sums of float32 may have overflown
          const double bound = correlation(static_cast<double>(own.product), own.inverse) + error + least * own.inverse;
          return !settled || exceeds(lane, bound);
        },
        [&](int at, int, const Candidate& own) SPLICE_INLINED { candidates[at] = own.atom; });
    const double exact = largest_product(
        group, args.atoms, left, [&](int i) -> std::int64_t { return candidates[i]; }, residual,
        [&](int i, double product) { return correlation(product, args.problem.inverse[candidates[i]]); });
    const double bounded = group.template max<double>([&](int lane) { return largest[lane]; });
    return exact > bounded ? exact : bounded;
  }
};

}  // namespace splice_cuda::cuda
