#pragma once

/// @file certify_screened.hpp
/// Certificates of rows that claim to be solved: the largest correlation over ALL atoms is bounded by exact products for
/// the atoms that may come near lambda, and by what the last screening proved for the rest (src/cpu/certify_row.cpp).

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/certificate.hpp"
#include "kernels/row_products.hpp"
#include "kernels/screen_view.hpp"
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
    double* residuals = nullptr;  ///< [groups, ld]
  };
  struct Shared {
    double largest[4];  ///< [warps]
  };
  static constexpr int lanes = 128;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "certify_screened_kernel";

  /// Item: a place among the active rows.
  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    if (place >= *args.screen.active_count) return;
    const std::int32_t row = args.screen.active[place];
    if (args.rows.phase[row] != RowPhase::claims) return;
    auto residual = group.array(args.residuals + group.index() * args.atoms.ld, args.atoms.ld);
    const CodeTerms terms = code_terms(group, args.atoms, args.problem, args.rows, row, residual);
    const double movement = moved(group, args, row, residual);
    const double listed = largest_listed(group, args, row, residual, movement, shared);
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
      constexpr int most_misses = 4;
      const std::int32_t misses = args.rows.misses[row]++;
      args.rows.phase[row] = misses >= most_misses ? RowPhase::exact : RowPhase::certifying;
    });
  }

 private:
  template <class Group, class Vector>
  static SPLICE_KERNEL double moved(Group& group, const Args& args, std::int32_t row, const Vector& residual) {
    const std::int8_t* q = args.screen.q + args.screen.place[row] * args.atoms.ld;
    const double scale = static_cast<double>(args.screen.scale[row]);
    return distance_to_copy(group, args.atoms.dim, residual, q, scale) * (1 + 1e-9);
  }

  /// Of the list, without the support, whose correlations are known: exactly where the bound may exceed lambda, else the bound.
  template <class Group, class Vector>
  static SPLICE_KERNEL double largest_listed(Group& group, const Args& args, std::int32_t row, const Vector& residual,
                                             double movement, Shared& shared) {
    const double lambda = args.rows.lambda[row];
    const int count = args.screen.list_count[row];
    const std::int64_t room = args.screen.list_capacity;
    auto atoms = group.array(args.screen.list_atoms + row * room, room);
    auto values = group.array(args.screen.list_values + row * room, room);
    auto found = group.array(shared.largest, Group::warp_count);
    group.warps([&](auto& warp, int index) {
      double largest = 0;
      for (int i = index; i < count; i += Group::warp_count) {
        const std::int32_t atom = atoms[i];
        if (in_code(args.rows, row, atom)) continue;
        const double size = static_cast<double>(args.problem.nonnegative ? values[i] : std::fabs(values[i]));
        double bound = math::screened_upper_bound(size, static_cast<double>(args.problem.screen_error[atom]),
                                                  static_cast<double>(args.screen.norm[row]),
                                                  static_cast<double>(args.problem.atom_norm), movement);
        if (bound > lambda) {
          bound = warp_dot<double>(warp, args.atoms, atom, residual) * args.problem.inverse[atom];
          if (!args.problem.nonnegative) bound = std::fabs(bound);
        }
        largest = bound > largest ? bound : largest;
      }
      warp.once([&] { found[index] = largest; });
    });
    group.sync();
    double largest = 0;
    for (int warp = 0; warp < Group::warp_count; ++warp) {
      const double value = found[warp];
      largest = value > largest ? value : largest;
    }
    return largest;
  }

  /// Whether the code has the atom: it ascends.
  static SPLICE_KERNEL bool in_code(const RowsView& rows, std::int64_t row, std::int32_t atom) {
    const std::int32_t* atoms = rows.code_atoms + row * rows.code_capacity;
    int low = 0;
    int high = rows.code_count[row];
    while (low < high) {
      const int middle = (low + high) / 2;
      if (atoms[middle] < atom) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < rows.code_count[row] && atoms[low] == atom;
  }
};

}  // namespace splice_cuda::cuda
