#pragma once

/// @file remainders.hpp
/// What int8 copies leave of atoms, in 4 bits a number: c_j - scale_j rows8_j ~ t_j n_j with integers n_jk in [-7, 7]. With an atom's
/// int8 product they bound a correlation by a fifteenth of the copy's error, for an eighth of the atom's bytes.
///
/// Eight numbers a word: byte b has n_jk + 8 of number b in its low half, of number 4 + b in its high half, such that either half of the
/// bytes is multiplied by four numbers of a row's int8 copy that follow each other.

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

inline constexpr int remainders_of_word = 8;
inline constexpr int remainder_offset = 8;  ///< of what is stored

/// Item: an atom.
struct RemaindersKernel {
  struct Args {
    AtomsView atoms;
    const float* scales = nullptr;        ///< [p] of the int8 copies
    std::uint32_t* remainders = nullptr;  ///< [p, ld / 8] AtomsView::remainders
    float* remainder_scales = nullptr;    ///< [p] t_j
    float* remainder_errors = nullptr;    ///< [p] |c_j - scale_j rows8_j - t_j n_j|, rounded upwards
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "remainders_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    const std::int64_t ld = args.atoms.ld;
    const float* atom = args.atoms.atoms + item * ld;
    const std::int8_t* copy = args.atoms.rows8 + item * ld;
    const auto scale = static_cast<double>(args.scales[item]);
    const auto remainder = [&](std::int64_t k) { return static_cast<double>(atom[k]) - scale * static_cast<double>(copy[k]); };
    const double largest = group.template max<double>([&](int lane) {
      double found = 0;
      for (std::int64_t k = lane; k < ld; k += Group::size) found = std::fabs(remainder(k)) > found ? std::fabs(remainder(k)) : found;
      return found;
    });
    const auto t = static_cast<float>(largest / most);
    auto words = group.array(args.remainders + item * (ld / remainders_of_word), ld / remainders_of_word);
    const double square = group.template sum<double>([&](int lane) {
      double sum = 0;
      for (std::int64_t w = lane; w < ld / remainders_of_word; w += Group::size) {
        std::uint32_t word = 0;
        for (int i = 0; i < remainders_of_word; ++i) {
          const double own = remainder(w * remainders_of_word + i);
          const int n = rounded(own, static_cast<double>(t));
          const double left = own - static_cast<double>(t) * n;
          sum += left * left;
          word |= static_cast<std::uint32_t>(n + remainder_offset) << (i < 4 ? 8 * i : 8 * (i - 4) + 4);
        }
        words[w] = word;
      }
      return sum;
    });
    group.once([&] {
      args.remainder_scales[item] = t;
      args.remainder_errors[item] = static_cast<float>(std::sqrt(square) * (1 + 0x1p-22)) + 0x1p-149f;
    });
  }

 private:
  static constexpr int most = 7;

  /// x / t to the nearest integer in [-most, most]; what is halfway may go either way, as the error says what came of it.
  static SPLICE_KERNEL int rounded(double x, double t) {
    if (!(t > 0)) return 0;
    const double ratio = x / t;
    const int n = static_cast<int>(ratio + (ratio < 0 ? -0.5 : 0.5));
    return n > most ? most : n < -most ? -most : n;
  }
};

}  // namespace splice_cuda::cuda
