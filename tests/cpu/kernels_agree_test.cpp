// Each kernel on each instruction set against the widest one: integers and what follows from them bit by bit,
// sums in floating point within what their order may change.

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/amx.hpp"
#include "cpu/pivoting.hpp"
#include "cpu/quantize.hpp"
#include "cpu/int8_products.hpp"
#include "cpu/row_products.hpp"
#include "cpu/screen.hpp"
#include "cpu/select.hpp"
#include "cpu_problem.hpp"
#include "every_target.hpp"
#include "same_answers.hpp"
#include "screen_problem.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::cpu {
namespace {

using testing::compare_with_widest;
using testing::difference;
using testing::difference_beyond;
using testing::dot_chain;
using testing::sum_bound;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Says what the other tests cover here; scripts/test_avx512.sh asks for a target that must be the widest.
TEST(KernelsAgree, OnTheseInstructionSets) {
  std::string names;
  if (amx_usable()) names = std::string(hwy::TargetName(hwy::SupportedAndGeneratedTargets().front())) + "+AMX";
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    names += (names.empty() ? "" : " ") + std::string(hwy::TargetName(target));
  }
  std::cout << "instruction sets: " << names << std::endl;
  EXPECT_EQ(names.substr(0, names.find(' ')), cpu_target())
      << "what the library uses must be among what is tested";
  const char* expected = std::getenv("SPLICE_EXPECTED_TARGET");
  if (expected == nullptr) return;
  EXPECT_EQ(names.substr(0, names.find_first_of(" +")), expected);
}

TEST(KernelsAgree, ScreenTile) {
  for (const std::int64_t dim : {3, 64, 129, 384}) {
    const auto dictionary = testing::random_dictionary(333, dim, 31);
    const testing::Scales scales(*dictionary);
    for (const std::int64_t rows : {1, 3, 4, 5, 8, 13, 24, 50}) {
      for (const bool both_signs : {false, true}) {
        struct Answer {
          std::vector<std::int32_t> atoms;
          std::vector<float> values;
        };
        compare_with_widest(
            [&] {
              testing::Tile tile(*dictionary, rows, 300, 0.5f);
              if (both_signs) tile.bound();
              tile.screen(*dictionary, scales.view(), both_signs);
              Answer answer;
              for (const testing::ScreenedList& one : tile.lists) {
                const std::int64_t kept = std::min(one.list.count, one.list.capacity);
                answer.atoms.push_back(static_cast<std::int32_t>(one.list.count));
                answer.atoms.insert(answer.atoms.end(), one.atoms.begin(), one.atoms.begin() + kept);
                answer.values.insert(answer.values.end(), one.values.begin(), one.values.begin() + kept);
              }
              EXPECT_GT(answer.values.size(), size(rows));
              return answer;
            },
            [](const Answer& widest, const Answer& other) {
              EXPECT_EQ(difference(widest.atoms, other.atoms), "");
              EXPECT_EQ(difference(widest.values, other.values), "");
            });
      }
    }
  }
}

TEST(KernelsAgree, QuantizeRow) {
  for (const std::int64_t length : {64, 128, 384, 1024}) {
    const std::vector<float> r = testing::random_row(length, length, 41);
    struct Answer {
      std::vector<std::int8_t> q;
      QuantizedRow row;
    };
    compare_with_widest(
        [&] {
          Answer answer{std::vector<std::int8_t>(r.size()), {}};
          answer.row = quantize_row(r.data(), length, answer.q.data());
          return answer;
        },
        [&](const Answer& widest, const Answer& other) {
          EXPECT_EQ(difference(widest.q, other.q), "");
          EXPECT_EQ(widest.row.scale, other.row.scale);
          EXPECT_EQ(widest.row.sum, other.row.sum);
          // Square roots of sums of squares: half the relative bound of the sums, and the root's own
          // rounding.
          const double relative = 0.5 * sum_bound<float>(dot_chain<float>(r.size()), 1) + 0x1p-22;
          for (const auto& [wanted, given] :
               {std::pair{widest.row.error, other.row.error}, std::pair{widest.row.norm, other.row.norm}}) {
            EXPECT_EQ(difference_beyond({relative * static_cast<double>(wanted)}, std::vector<float>{wanted},
                                        std::vector<float>{given}),
                      "");
          }
        });
  }
}

/// Sums of |c_k v_k| of some atoms, times what the order of the sum may change.
template <class T>
std::vector<double> dot_bounds(const CpuDictionary& dictionary, const std::vector<std::int32_t>& atoms,
                               const std::vector<float>& v) {
  std::vector<double> bounds;
  for (const std::int32_t atom : atoms) {
    double magnitudes = 0;
    for (std::size_t k = 0; k < v.size(); ++k) {
      magnitudes += std::abs(static_cast<double>(dictionary.atom<float>(atom)[k]) * static_cast<double>(v[k]));
    }
    bounds.push_back(sum_bound<T>(dot_chain<T>(v.size()), magnitudes));
  }
  return bounds;
}

TEST(KernelsAgree, DotsWithAtoms) {
  for (const std::int64_t dim : {1, 64, 100, 384}) {
    const auto dictionary = testing::random_dictionary(37, dim, 51);
    const std::vector<float> v0 = testing::random_row(dim, dictionary->ld, 52);
    const std::vector<float> v1 = testing::random_row(dim, dictionary->ld, 53);
    const std::vector<double> wide(v0.begin(), v0.end());
    for (const std::int64_t count : {1, 4, 5, 37}) {
      std::vector<std::int32_t> atoms(size(count));
      for (std::size_t i = 0; i < atoms.size(); ++i) atoms[i] = static_cast<std::int32_t>((i * 11 + 2) % 37);
      struct Answer {
        explicit Answer(std::size_t n) : once(n), twice0(n), twice1(n), int8(n), fp64(n) {}
        std::vector<float> once, twice0, twice1, int8;
        std::vector<double> fp64;
      };
      compare_with_widest(
          [&] {
            Answer answer(atoms.size());
            std::vector<std::int8_t> q(v0.size());
            const QuantizedRow quantized = quantize_row(v0.data(), dictionary->ld, q.data());
            dot_atoms(*dictionary, atoms.data(), count, v0.data(), answer.once.data());
            dot_atoms_twice(*dictionary, atoms.data(), count, v0.data(), v1.data(), answer.twice0.data(),
                            answer.twice1.data());
            dot_atoms_int8(*dictionary, dictionary->scale.get(), atoms.data(), count, q.data(), quantized, answer.int8.data());
            dot_atoms_f64(*dictionary, atoms.data(), count, wide.data(), answer.fp64.data());
            return answer;
          },
          [&](const Answer& widest, const Answer& other) {
            const auto bounds0 = dot_bounds<float>(*dictionary, atoms, v0);
            EXPECT_EQ(difference_beyond(bounds0, widest.once, other.once), "");
            EXPECT_EQ(difference_beyond(bounds0, widest.twice0, other.twice0), "");
            EXPECT_EQ(
                difference_beyond(dot_bounds<float>(*dictionary, atoms, v1), widest.twice1, other.twice1),
                "");
            EXPECT_EQ(difference(widest.int8, other.int8), "");
            EXPECT_EQ(difference_beyond(dot_bounds<double>(*dictionary, atoms, v0), widest.fp64, other.fp64),
                      "");
          });
    }
  }
}

TEST(KernelsAgree, ResidualsAndDistances) {
  constexpr std::int64_t dim = 100;
  const auto dictionary = testing::random_dictionary(20, dim, 61);
  const std::vector<float> z = testing::random_row(dim, dictionary->ld, 62);
  const std::vector<std::int32_t> atoms = {4, 0, 19, 7, 11};
  const std::vector<float> weights = testing::gaussian(atoms.size(), 63);
  const std::vector<double> wide_weights(weights.begin(), weights.end());
  std::vector<double> magnitudes(z.size());
  for (std::size_t k = 0; k < z.size(); ++k) {
    magnitudes[k] = std::abs(static_cast<double>(z[k]));
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      magnitudes[k] += std::abs(wide_weights[i] * static_cast<double>(dictionary->atom<float>(atoms[i])[k]));
    }
  }
  std::vector<std::int8_t> q(z.size());
  const QuantizedRow quantized = quantize_row(z.data(), dictionary->ld, q.data());
  std::vector<std::int8_t> fine_q(q.rbegin(), q.rend());
  const QuantizedPoint point{q.data(), quantized.scale, fine_q.data(), 0.01f * quantized.scale};
  const std::vector<double> wide_z(z.begin(), z.end());
  struct Answer {
    std::vector<float> narrow;
    std::vector<double> wide;
    float narrow_distance = 0;
    double wide_distance = 0;
  };
  compare_with_widest(
      [&] {
        Answer answer{std::vector<float>(z.size()), std::vector<double>(z.size())};
        residual(*dictionary, z.data(), atoms.data(), weights.data(), 5, answer.narrow.data());
        residual_f64(*dictionary, z.data(), atoms.data(), wide_weights.data(), 5, answer.wide.data());
        answer.narrow_distance = distance_to_quantized(z.data(), point, dictionary->ld);
        answer.wide_distance =
            distance_to_quantized(wide_z.data(), point, dictionary->ld);
        return answer;
      },
      [&](const Answer& widest, const Answer& other) {
        std::vector<double> narrow_bounds;
        std::vector<double> wide_bounds;
        for (const double magnitude : magnitudes) {
          narrow_bounds.push_back(sum_bound<float>(atoms.size() + 1, magnitude));
          wide_bounds.push_back(sum_bound<double>(atoms.size() + 1, magnitude));
        }
        EXPECT_EQ(difference_beyond(narrow_bounds, widest.narrow, other.narrow), "");
        EXPECT_EQ(difference_beyond(wide_bounds, widest.wide, other.wide), "");
        // A fused difference keeps what a separate product rounds off: u |r^| in norm. Then the sum of
        // squares.
        const double norm = static_cast<double>(quantized.norm);
        const double narrow =
            0x1p-23 * norm + sum_bound<float>(dot_chain<float>(z.size()), widest.wide_distance);
        const double wide =
            0x1p-52 * norm + sum_bound<double>(dot_chain<double>(z.size()), widest.wide_distance);
        EXPECT_EQ(difference_beyond<float>({narrow}, {widest.narrow_distance}, {other.narrow_distance}), "");
        EXPECT_EQ(difference_beyond<double>({wide}, {widest.wide_distance}, {other.wide_distance}), "");
      });
}

TEST(KernelsAgree, BestThreshold) {
  for (const std::size_t count : {1u, 31u, 1000u}) {
    const std::vector<float> values = testing::gaussian(count, 71);
    for (const bool both_signs : {false, true}) {
      compare_with_widest(
          [&] {
            std::vector<float> thresholds;
            for (const std::int64_t keep : {1, 30, 100, 999}) {
              thresholds.push_back(
                  best_threshold(values.data(), static_cast<std::int64_t>(count), keep, both_signs));
            }
            return thresholds;
          },
          [](const auto& widest, const auto& other) { EXPECT_EQ(difference(widest, other), ""); });
    }
  }
}

template <class T>
struct Solved {
  std::vector<std::uint8_t> in_support;
  std::vector<T> value;
};

/// Gaussian atoms, three times as long as they are many: the Gram matrix is far from singular.
template <class T>
Solved<T> solve_small(std::int64_t atoms, T tolerance, T floor) {
  const std::int64_t dim = 3 * atoms + 5;
  const std::vector<float> vectors = testing::gaussian(size(atoms * dim), 81);
  const std::vector<float> target = testing::gaussian(size(dim), 82);
  std::vector<T> gram(size(atoms * atoms));
  std::vector<T> y(size(atoms));
  std::vector<std::int32_t> places(size(atoms));
  std::iota(places.begin(), places.end(), 0);
  for (std::int64_t i = 0; i < atoms; ++i) {
    const float* atom = vectors.data() + i * dim;
    for (std::int64_t k = 0; k < atoms; ++k) {
      gram[size(i * atoms + k)] =
          static_cast<T>(testing::dot(atom, vectors.data() + k * dim, dim) / static_cast<double>(dim));
    }
    y[size(i)] = static_cast<T>(0.01 - testing::dot(atom, target.data(), dim) / static_cast<double>(dim));
  }
  Tableau<T> tableau;
  AppendScratch<T> scratch;
  append_atoms(tableau, places.data(), std::vector<T>(size(atoms), T(1)).data(), atoms, gram.data(), atoms,
               y.data(), scratch);
  solve_tableau(tableau, tolerance, floor);
  Solved<T> solved;
  solved.in_support.assign(tableau.in_support.begin(), tableau.in_support.begin() + atoms);
  solved.value.assign(tableau.value.begin(), tableau.value.begin() + atoms);
  // A Newton step from y = 0.01 (1, 2, ...) on the support, 0.5 outside: every place's value changes by a dot
  // product.
  for (std::int64_t k = 0; k < atoms; ++k)
    y[size(k)] = solved.in_support[size(k)] != 0 ? T(0.01) * T(k + 1) : T(0.5);
  newton_step(tableau, y.data());
  solved.value.insert(solved.value.end(), tableau.value.begin(), tableau.value.begin() + atoms);
  return solved;
}

template <class T>
void compare_solved(T tolerance, T floor, double bound) {
  for (const std::int64_t atoms : {1, 15, 16, 17, 40, 97}) {
    compare_with_widest([&] { return solve_small<T>(atoms, tolerance, floor); },
                        [&](const Solved<T>& widest, const Solved<T>& other) {
                          EXPECT_EQ(difference(widest.in_support, other.in_support), "");
                          const std::vector<double> bounds(widest.value.size(), bound);
                          EXPECT_EQ(difference_beyond(bounds, widest.value, other.value), "");
                        });
  }
}

// Values are of size 1; 97 pivots on a matrix of condition below 20 lose a few hundred u.
TEST(KernelsAgree, PivotingInFloat32) { compare_solved<float>(1e-5f, 1e-4f, 1e-4); }
TEST(KernelsAgree, PivotingInFloat64) { compare_solved<double>(1e-12, 1e-11, 1e-12); }

}  // namespace
}  // namespace splice_cuda::cpu
