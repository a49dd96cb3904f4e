#include "cpu/append_kernels.hpp"
#include "cpu/pivoting.hpp"
#include "cpu/tableau_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "cpu_problem.hpp"
#include "every_target.hpp"

namespace splice_cuda::cpu {
namespace {

template <class T>
Tableau<T> tableau_of(const std::vector<float>& values, const std::vector<std::uint8_t>& in_support) {
  Tableau<T> tableau;
  tableau.reserve(static_cast<std::int64_t>(values.size()));
  tableau.size = static_cast<std::int64_t>(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    tableau.value[k] = static_cast<T>(values[k]);
    tableau.in_support[k] = in_support[k];
  }
  // What lies behind the end must never be found.
  for (std::size_t k = values.size(); k < tableau.value.size(); ++k) {
    tableau.value[k] = T(-1e30);
    tableau.in_support[k] = k % 2;
  }
  return tableau;
}

std::int64_t plain_lowest(const std::vector<float>& values, const std::vector<std::uint8_t>& in_support, bool wanted,
                          float bound) {
  std::int64_t found = -1;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if ((in_support[k] != 0) != wanted || !(values[k] < bound)) continue;
    bound = values[k];
    found = static_cast<std::int64_t>(k);
  }
  return found;
}

template <class T>
void check_lowest(std::size_t size, unsigned seed, bool none_leaves) {
  std::vector<float> values = testing::gaussian(size, seed);
  for (std::size_t k = 0; k + 3 < size; k += 5) values[k + 3] = values[k];  // ties: the first one counts
  std::vector<std::uint8_t> in_support(size);
  for (std::size_t k = 0; k < size; ++k) {
    in_support[k] = (k * 7 + seed) % 3 == 0;
    if (none_leaves && in_support[k] != 0) values[k] = std::abs(values[k]);
  }
  const Tableau<T> tableau = tableau_of<T>(values, in_support);
  for (const float tolerance : {0.0f, 0.5f, 100.0f, 3e38f}) {
    const std::int64_t leaving = plain_lowest(values, in_support, true, 0);
    EXPECT_EQ(lowest_member(tableau, static_cast<T>(tolerance)),
              leaving >= 0 ? leaving : plain_lowest(values, in_support, false, -tolerance))
        << size << " members, " << tolerance;
  }
}

TEST(TableauKernels, LowestMemberIsThatOfAPlainLoop) {
  testing::for_every_target([] {
    for (const std::size_t size : {1u, 2u, 15u, 16u, 17u, 100u, 131u}) {
      for (const bool none_leaves : {false, true}) {
        check_lowest<float>(size, 5, none_leaves);
        check_lowest<double>(size, 6, none_leaves);
      }
    }
  });
}

TEST(TableauKernels, NothingIsFoundAmongNotANumbers) {
  testing::for_every_target([] {
    const std::vector<float> values(20, NAN);
    for (const std::uint8_t in_support : {std::uint8_t{0}, std::uint8_t{1}}) {
      const std::vector<std::uint8_t> flags(20, in_support);
      EXPECT_EQ(lowest_member(tableau_of<float>(values, flags), 0.0f), -1);
    }
  });
}

template <class T>
void check_added_rows(std::int64_t count, std::size_t terms, double tolerance) {
  constexpr std::int64_t width = 48;
  constexpr std::int64_t ld = 51;  // no row but the first is aligned
  const std::vector<float> coefs32 = testing::gaussian(static_cast<std::size_t>(count) * terms, 1);
  const std::vector<float> source32 = testing::gaussian(static_cast<std::size_t>(60 * ld), 2);
  const std::vector<float> out32 = testing::gaussian(static_cast<std::size_t>(count * ld), 3);
  const std::vector<T> coefs(coefs32.begin(), coefs32.end());
  const std::vector<T> source(source32.begin(), source32.end());
  std::vector<T> out(out32.begin(), out32.end());
  std::vector<std::int32_t> rows;
  for (std::size_t s = 0; s < terms; ++s) rows.push_back(static_cast<std::int32_t>(s * 17 % 59));
  add_rows(AddedRows<T>{coefs.data(), static_cast<std::int64_t>(terms), source.data(), ld, rows, out.data(), ld, count, width});
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t k = 0; k < ld; ++k) {
      const auto place = static_cast<std::size_t>(i * ld + k);
      double expected = static_cast<double>(out32[place]);
      for (std::size_t s = 0; s < terms && k < width; ++s) {
        expected += static_cast<double>(coefs32[static_cast<std::size_t>(i) * terms + s]) *
                    static_cast<double>(source32[static_cast<std::size_t>(rows[s] * ld + k)]);
      }
      EXPECT_NEAR(static_cast<double>(out[place]), expected, tolerance) << "row " << i << ", column " << k;
    }
  }
}

TEST(TableauKernels, AddedRowsAreThoseOfAPlainLoop) {
  testing::for_every_target([] {
    for (const std::int64_t count : {0, 1, 2, 7, 8, 13, 24}) {
      for (const std::size_t terms : {0u, 1u, 30u}) {
        check_added_rows<float>(count, terms, 2e-5);
        check_added_rows<double>(count, terms, 1e-13);
      }
    }
  });
}

/// [n, n] of a tableau at the support that `pivots` lead to, by Gauss and Jordan in fp64.
struct PlainTableau {
  explicit PlainTableau(std::size_t n) : size(n), matrix(n * n), value(n) {}
  void pivot(std::size_t k) {
    const double diagonal = matrix[k * size + k];
    for (std::size_t i = 0; i < size; ++i) {
      if (i == k) continue;
      const double share = matrix[i * size + k] / diagonal;
      for (std::size_t j = 0; j < size; ++j) {
        matrix[i * size + j] = j == k ? share : matrix[i * size + j] - share * matrix[k * size + j];
      }
      value[i] -= share * value[k];
    }
    for (std::size_t j = 0; j < size; ++j) matrix[k * size + j] = j == k ? 1 / diagonal : -matrix[k * size + j] / diagonal;
    value[k] = -value[k] / diagonal;
  }
  std::size_t size;
  std::vector<double> matrix;
  std::vector<double> value;
};

/// Before any pivot: values, and the Gram matrix of vectors that are far from depending on each other, rounded to T.
template <class T>
PlainTableau some_problem(std::size_t size, unsigned seed) {
  const std::vector<float> vectors = testing::gaussian(size * 2 * size, seed);
  const std::vector<float> values = testing::gaussian(size, seed + 1);
  PlainTableau plain(size);
  for (std::size_t i = 0; i < size; ++i) {
    plain.value[i] = static_cast<double>(values[i]);
    for (std::size_t j = 0; j < size; ++j) {
      plain.matrix[i * size + j] =
          static_cast<double>(static_cast<T>(testing::dot(&vectors[i * 2 * size], &vectors[j * 2 * size],
                                                          static_cast<std::int64_t>(2 * size)) / static_cast<double>(size)));
    }
  }
  return plain;
}

/// The leading [size, size] of `plain` is what the tableau holds: a principal pivot of its own makes no use of the rest.
template <class T>
void expect_leading_part(const Tableau<T>& tableau, const PlainTableau& plain, double tolerance) {
  for (std::int64_t i = 0; i < tableau.size; ++i) {
    const std::size_t row = static_cast<std::size_t>(i);
    EXPECT_NEAR(static_cast<double>(tableau.value[row]), plain.value[row], tolerance)
        << "value " << i << " of " << tableau.size;
    for (std::int64_t j = 0; j < tableau.size; ++j) {
      const double expected = plain.matrix[row * plain.size + static_cast<std::size_t>(j)];
      EXPECT_NEAR(static_cast<double>(tableau.row(i)[j]), expected, tolerance)
          << i << ", " << j << " of " << tableau.size;
    }
  }
}

/// Pivots that wait, rows that are asked for in between, and places that are pivoted on twice.
template <class T>
void check_queued_pivots(std::size_t size, double tolerance) {
  PlainTableau plain = some_problem<T>(size, 9);
  Tableau<T> tableau = tableau_of<T>({plain.value.begin(), plain.value.end()}, std::vector<std::uint8_t>(size, 0));
  for (std::size_t i = 0; i < size; ++i) {
    T* row = tableau.row(static_cast<std::int64_t>(i));
    for (std::size_t j = 0; j < size; ++j) row[j] = static_cast<T>(plain.matrix[i * size + j]);
  }
  for (const std::size_t step : {0u, 3u, 1u, 3u, 5u, 2u, 0u, 8u, 5u, 9u, 1u}) {
    const std::size_t k = step % size;
    update_row(tableau, static_cast<std::int64_t>((step * 7 + 1) % size));  // asked for, then not taken
    update_row(tableau, static_cast<std::int64_t>(k));
    queue_pivot(tableau, static_cast<std::int64_t>(k));
    plain.pivot(k);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_NEAR(static_cast<double>(tableau.value[i]), plain.value[i], tolerance) << "value " << i << " of " << size;
    }
  }
  flush_pivots(tableau);
  expect_leading_part(tableau, plain, tolerance);
}

TEST(TableauKernels, QueuedPivotsAreThoseOfAPlainLoop) {
  testing::for_every_target([] {
    for (const std::size_t size : {1u, 2u, 15u, 16u, 17u, 40u}) {
      check_queued_pivots<float>(size, 2e-4);
      check_queued_pivots<double>(size, 1e-12);
    }
  });
}

/// Appends the places [first, first + count) of `gram`, the Gram matrix of `plain` before any pivot.
template <class T>
void append_places(Tableau<T>& tableau, const std::vector<T>& gram, const PlainTableau& plain, std::size_t first,
                   std::size_t count, AppendScratch<T>& scratch) {
  // Rows as long as needed and no longer: a sanitizer sees what is read past the last one.
  const std::size_t total = first + count;
  std::vector<T> rows;
  for (std::size_t i = first; i < total; ++i) {
    rows.insert(rows.end(), &gram[i * plain.size], &gram[i * plain.size] + total);
  }
  std::vector<std::int32_t> atoms;
  for (std::size_t i = first; i < total; ++i) atoms.push_back(static_cast<std::int32_t>(1000 + i));
  const std::vector<T> factors(count, T(1));
  const std::vector<T> values(plain.value.begin() + static_cast<std::ptrdiff_t>(first),
                              plain.value.begin() + static_cast<std::ptrdiff_t>(total));
  append_atoms(tableau, atoms.data(), factors.data(), static_cast<std::int64_t>(count), rows.data(),
               static_cast<std::int64_t>(total), values.data(), scratch);
}

template <class T>
void pivot_on(Tableau<T>& tableau, PlainTableau& plain, std::size_t k) {
  update_row(tableau, static_cast<std::int64_t>(k));
  queue_pivot(tableau, static_cast<std::int64_t>(k));
  plain.pivot(k);
}

/// Atoms that join when every `step`-th of those there is in the support, and pivots on both kinds thereafter.
template <class T>
void check_appended(Tableau<T>& tableau, AppendScratch<T>& scratch, std::size_t first, std::size_t count, std::size_t step,
                    double tolerance) {
  if (::testing::Test::HasFailure()) return;  // one wrong tableau tells enough
  SCOPED_TRACE(::testing::Message() << count << " atoms to " << first << ", every " << step << " in the support");
  const std::size_t total = first + count;
  PlainTableau plain = some_problem<T>(total, static_cast<unsigned>(100 * first + count));
  const std::vector<T> gram(plain.matrix.begin(), plain.matrix.end());
  append_places(tableau, gram, plain, 0, first, scratch);
  for (std::size_t k = first; k > 0; k -= std::min(step, k)) pivot_on(tableau, plain, k - 1);
  flush_pivots(tableau);
  append_places(tableau, gram, plain, first, count, scratch);
  expect_leading_part(tableau, plain, tolerance);
  for (std::int64_t k = 0; k < tableau.size; ++k) {
    const std::size_t place = static_cast<std::size_t>(k);
    EXPECT_EQ(tableau.in_support[place] != 0, place < first && (first - 1 - place) % step == 0) << "place " << k;
    EXPECT_EQ(tableau.atoms[place], static_cast<std::int32_t>(1000 + k));
    EXPECT_EQ(tableau.diagonal[place], gram[place * total + place]);
    for (std::int64_t j = tableau.size; j < tableau.padded_size(); ++j) {
      EXPECT_EQ(tableau.row(k)[j], T(0)) << "padding " << j << " of row " << k;
    }
  }
  pivot_on(tableau, plain, total - 1);
  pivot_on(tableau, plain, first - 1);
  pivot_on(tableau, plain, first);
  flush_pivots(tableau);
  expect_leading_part(tableau, plain, tolerance);
}

/// In a tableau that grows for them, and in one that has room and the numbers of larger and smaller sets in it.
template <class T>
void check_appended_everywhere(double tolerance) {
  Tableau<T> used;
  used.reserve(64);
  AppendScratch<T> scratch;
  for (const std::size_t first : {20u, 33u, 1u, 13u, 4u}) {
    for (const std::size_t count : {16u, 1u, 17u, 3u, 4u}) {
      for (const std::size_t step : {1u, 3u}) {
        used.clear();
        check_appended(used, scratch, first, count, step, tolerance);
      }
      Tableau<T> fresh;
      fresh.reserve(static_cast<std::int64_t>(first));
      check_appended(fresh, scratch, first, count, 2, tolerance);
    }
  }
}

TEST(TableauKernels, AppendedAtomsAreThoseOfAPlainLoop) {
  testing::for_every_target([] {
    check_appended_everywhere<float>(5e-4);
    check_appended_everywhere<double>(1e-11);
  });
}

}  // namespace
}  // namespace splice_cuda::cpu
