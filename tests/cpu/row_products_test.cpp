#include "cpu/int8_products.hpp"
#include "cpu/row_products.hpp"

#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cpu_problem.hpp"
#include "every_target.hpp"

namespace splice_cuda::cpu {
namespace {

/// Rounding of a float32 sum of `size` products whose absolute values add up to about `magnitude`.
double float_sum_error(std::int64_t size, double magnitude) {
  return 4.0 * std::sqrt(static_cast<double>(size)) * 6e-8 * magnitude;
}

std::vector<std::int32_t> some_atoms(std::int64_t count, std::int64_t size) {
  std::vector<std::int32_t> atoms(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    atoms[static_cast<std::size_t>(i)] = static_cast<std::int32_t>((i * 7 + 3) % size);
  }
  return atoms;
}

TEST(RowProducts, DotsEqualPlainSumsForEveryLengthAndTarget) {
  for (const std::int64_t dim : {1, 3, 64, 100, 384}) {
    const auto dictionary = testing::random_dictionary(37, dim, 5);
    const std::vector<float> r = testing::random_row(dim, dictionary->ld, 6);
    const std::vector<double> wide(r.begin(), r.end());
    std::vector<std::int8_t> q(r.size());
    const QuantizedRow quantized = quantize_row(r.data(), dictionary->ld, q.data());
    testing::for_every_target([&] {
      for (const std::int64_t count : {0, 1, 3, 4, 5, 37}) {
        const auto atoms = some_atoms(count, 37);
        std::vector<float> narrow_out(atoms.size(), NAN);
        std::vector<double> wide_out(atoms.size(), NAN);
        std::vector<float> int8_out(atoms.size(), NAN);
        dot_atoms(*dictionary, atoms.data(), count, r.data(), narrow_out.data());
        dot_atoms_f64(*dictionary, atoms.data(), count, wide.data(), wide_out.data());
        dot_atoms_int8(*dictionary, dictionary->scale.get(), atoms.data(), count, q.data(), quantized, int8_out.data());
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          const std::int32_t j = atoms[i];
          const double exact = testing::dot(dictionary->atom<float>(j), r.data(), dim);
          const double scale = std::sqrt(testing::dot(r.data(), r.data(), dim)) *
                               static_cast<double>(dictionary->norm[static_cast<std::size_t>(j)]);
          EXPECT_LE(std::abs(static_cast<double>(narrow_out[i]) - exact), float_sum_error(dim, scale));
          EXPECT_LE(std::abs(wide_out[i] - exact), 1e-13 * scale);
          std::int32_t sum = 0;
          for (std::int64_t k = 0; k < dictionary->ld; ++k) {
            sum += dictionary->atom8(j)[k] * q[static_cast<std::size_t>(k)];
          }
          EXPECT_EQ(int8_out[i], static_cast<float>(sum) *
                                     dictionary->scale[static_cast<std::size_t>(j)] * quantized.scale);
        }
      }
    });
  }
}

TEST(RowProducts, TwoVectorsAtOnceGiveWhatEachGives) {
  for (const std::int64_t dim : {1, 65, 384}) {
    const auto dictionary = testing::random_dictionary(37, dim, 15);
    const std::vector<float> v0 = testing::random_row(dim, dictionary->ld, 16);
    const std::vector<float> v1 = testing::random_row(dim, dictionary->ld, 17);
    testing::for_every_target([&] {
      for (const std::int64_t count : {0, 1, 4, 5, 37}) {
        const auto atoms = some_atoms(count, 37);
        std::vector<float> out0(atoms.size(), NAN);
        std::vector<float> out1(atoms.size(), NAN);
        dot_atoms_twice(*dictionary, atoms.data(), count, v0.data(), v1.data(), out0.data(), out1.data());
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          const float* atom = dictionary->atom<float>(atoms[i]);
          const double norm = static_cast<double>(dictionary->norm[static_cast<std::size_t>(atoms[i])]);
          for (const auto& [v, out] : {std::pair{&v0, &out0}, std::pair{&v1, &out1}}) {
            const double scale = std::sqrt(testing::dot(v->data(), v->data(), dim)) * norm;
            EXPECT_LE(std::abs(static_cast<double>((*out)[i]) - testing::dot(atom, v->data(), dim)),
                      float_sum_error(dim, scale));
          }
        }
      }
    });
  }
}

/// The largest bytes of every combination of signs: sums of two products are 32,258, close to what int16 holds.
TEST(RowProducts, Int8SumsHoldTheLargestBytes) {
  constexpr std::int64_t dim = 384;
  std::vector<float> values(2 * dim);
  for (std::size_t k = 0; k < dim; ++k) {
    values[k] = 1;
    values[dim + k] = k % 2 == 0 ? 1.0f : -1.0f;
  }
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 2, dim}});
  const std::int32_t atoms[] = {0, 1};
  testing::for_every_target([&] {
    for (const int period : {1, 2, 3}) {
      std::vector<std::int8_t> q(static_cast<std::size_t>(dictionary->ld), 0);
      std::int32_t expected[2] = {0, 0};
      QuantizedRow quantized;
      quantized.scale = 1;
      for (std::size_t k = 0; k < dim; ++k) {
        q[k] = static_cast<std::int8_t>(static_cast<int>(k) % period == 0 ? -127 : 127);
        for (int j = 0; j < 2; ++j) expected[j] += q[k] * dictionary->atom8(j)[k];
        quantized.sum += q[k];
      }
      float out[2];
      dot_atoms_int8(*dictionary, dictionary->scale.get(), atoms, 2, q.data(), quantized, out);
      for (int j = 0; j < 2; ++j) {
        EXPECT_EQ(out[j], static_cast<float>(expected[j]) * dictionary->scale[static_cast<std::size_t>(j)]);
      }
    }
  });
}

TEST(RowProducts, ADotDoesNotDependOnItsPlaceInTheList) {
  const auto dictionary = testing::random_dictionary(50, 384, 7);
  const std::vector<float> r = testing::random_row(384, dictionary->ld, 8);
  std::vector<std::int32_t> atoms(50);
  std::iota(atoms.begin(), atoms.end(), 0);
  std::vector<float> together(50);
  dot_atoms(*dictionary, atoms.data(), 50, r.data(), together.data());
  for (std::int32_t j = 0; j < 50; ++j) {
    float alone = 0;
    dot_atoms(*dictionary, &j, 1, r.data(), &alone);
    EXPECT_EQ(alone, together[static_cast<std::size_t>(j)]);
  }
}

TEST(RowProducts, ResidualsEqualPlainSums) {
  const auto dictionary = testing::random_dictionary(20, 100, 9);
  const std::vector<float> z = testing::random_row(100, dictionary->ld, 10);
  const std::vector<std::int32_t> atoms = {4, 0, 19};
  const std::vector<float> weights = {0.5f, -1.25f, 2.0f};
  const std::vector<double> wide_weights(weights.begin(), weights.end());
  testing::for_every_target([&] {
    std::vector<float> r(z.size(), NAN);
    std::vector<double> wide(z.size(), NAN);
    residual(*dictionary, z.data(), atoms.data(), weights.data(), 3, r.data());
    residual_f64(*dictionary, z.data(), atoms.data(), wide_weights.data(), 3, wide.data());
    for (std::size_t k = 0; k < z.size(); ++k) {
      double exact = static_cast<double>(z[k]);
      for (std::size_t i = 0; i < atoms.size(); ++i) {
        exact -= wide_weights[i] * static_cast<double>(dictionary->atom<float>(atoms[i])[k]);
      }
      EXPECT_LE(std::abs(static_cast<double>(r[k]) - exact), float_sum_error(4, 4.0));
      EXPECT_LE(std::abs(wide[k] - exact), 1e-14);
    }
  });
}

TEST(RowProducts, DistanceToTheQuantisedRow) {
  const std::vector<float> r = testing::random_row(384, 384, 11);
  std::vector<std::int8_t> q(r.size());
  const QuantizedRow quantized = quantize_row(r.data(), 384, q.data());
  const std::vector<std::int8_t> fine_q(q.rbegin(), q.rend());
  std::vector<double> wide(r.begin(), r.end());
  testing::for_every_target([&] {
    for (const float fine_scale : {0.0f, 0.003f * quantized.scale}) {
      const QuantizedPoint point{q.data(), quantized.scale, fine_q.data(), fine_scale};
      double exact = 0;
      for (std::size_t k = 0; k < r.size(); ++k) {
        const double delta = wide[k] - static_cast<double>(quantized.scale) * static_cast<double>(q[k]) -
                             static_cast<double>(fine_scale) * static_cast<double>(fine_q[k]);
        exact += delta * delta;
      }
      exact = std::sqrt(exact);
      EXPECT_LE(std::abs(distance_to_quantized(wide.data(), point, 384) - exact), 1e-12 * exact);
      EXPECT_LE(std::abs(static_cast<double>(distance_to_quantized(r.data(), point, 384)) - exact), 1e-5 * exact);
    }
  });
}

std::int32_t integer_product(const CpuDictionary& dictionary, std::int32_t i, std::int32_t j) {
  std::int32_t sum = 0;
  for (std::int64_t k = 0; k < dictionary.ld; ++k) sum += dictionary.atom8(i)[k] * dictionary.atom8(j)[k];
  return sum;
}

/// Every product of two atoms' int8 copies, once: [size, size].
std::vector<std::int32_t> integer_products(const CpuDictionary& dictionary) {
  std::vector<std::int32_t> products;
  for (std::int32_t i = 0; i < dictionary.size; ++i) {
    for (std::int32_t j = 0; j < dictionary.size; ++j) products.push_back(integer_product(dictionary, i, j));
  }
  return products;
}

/// gram_int8 of a list's atoms from `first` on against the products, bit by bit.
void check_gram(const CpuDictionary& dictionary, const std::vector<std::int32_t>& products,
                const std::vector<std::int32_t>& atoms, std::int64_t first, GramScratch& scratch) {
  const auto count = static_cast<std::int64_t>(atoms.size());
  const std::int64_t ld = count + 3;
  std::vector<float> gram(static_cast<std::size_t>((count - first + 1) * ld), NAN);
  gram_int8(dictionary, atoms.data(), first, count, gram.data(), ld, scratch);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i <= count - first; ++i) {
    for (std::int64_t k = 0; k < ld; ++k) {
      const float given = gram[static_cast<std::size_t>(i * ld + k)];
      if (i == count - first || k >= count) {
        EXPECT_TRUE(std::isnan(given)) << "written past the end: " << i << ", " << k;
        continue;
      }
      const auto one = static_cast<std::size_t>(atoms[static_cast<std::size_t>(first + i)]);
      const auto other = static_cast<std::size_t>(atoms[static_cast<std::size_t>(k)]);
      const float scale = dictionary.scale[one] * dictionary.scale[other];
      const std::int32_t product = products[one * static_cast<std::size_t>(dictionary.size) + other];
      if (given == static_cast<float>(product) * scale) continue;
      if (++wrong == 1) ADD_FAILURE() << count << " atoms from " << first << ": " << given << " at " << i << ", " << k;
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(RowProducts, TheGramMatrixOfInt8CopiesIsExactInIntegers) {
  for (const std::int64_t dim : {1, 64, 100, 384}) {
    const auto dictionary = testing::random_dictionary(37, dim, 25);
    const std::vector<std::int32_t> products = integer_products(*dictionary);
    testing::for_every_target([&] {
      GramScratch scratch;
      for (const std::int64_t count : {1, 2, 5, 8, 16, 17, 23, 37}) {
        const auto atoms = some_atoms(count, 37);
        for (const std::int64_t first : {std::int64_t{0}, count / 3, count - 1, count}) {
          check_gram(*dictionary, products, atoms, first, scratch);
        }
      }
    });
  }
}

// The matrix registers take 16 atoms by up to 64 at once: here are one to four such blocks left at the end of a list.
TEST(RowProducts, TheGramMatrixOfManyInt8CopiesIsExactInIntegers) {
  for (const std::int64_t dim : {64, 100}) {
    const auto dictionary = testing::random_dictionary(331, dim, 26);
    const std::vector<std::int32_t> products = integer_products(*dictionary);
    testing::for_every_target([&] {
      GramScratch scratch;
      for (const std::int64_t count : {48, 49, 64, 65, 90, 130, 300}) {
        const auto atoms = some_atoms(count, 331);
        for (const std::int64_t first : {count / 3, count - 17, count - 1}) {
          check_gram(*dictionary, products, atoms, first, scratch);
        }
      }
    });
  }
}

// Rows that are kept from one list to the next must be those of the next one's atoms.
TEST(RowProducts, AGramMatrixHasNothingOfTheListBefore) {
  const auto dictionary = testing::random_dictionary(331, 64, 27);
  const std::vector<std::int32_t> products = integer_products(*dictionary);
  const std::vector<std::int32_t> start = some_atoms(100, 331);
  std::vector<std::int32_t> changed = start;
  changed[40] = start[99] + 1;
  std::vector<std::int32_t> swapped = start;
  std::swap(swapped[3], swapped[70]);
  const std::vector<std::int32_t> shorter(start.begin(), start.begin() + 20);
  std::vector<std::int32_t> others = shorter;  // goes on otherwise than `start` where that was cut off
  for (std::int32_t j = 0; j < 80; ++j) others.push_back(330 - j);
  const std::vector<std::int32_t> one = {17};
  const std::vector<std::int32_t> most = some_atoms(300, 331);
  testing::for_every_target([&] {
    GramScratch scratch;
    int call = 0;
    for (const auto& atoms : {start, changed, start, swapped, shorter, others, shorter, start, one, start, most, others,
                              changed, most}) {
      SCOPED_TRACE(::testing::Message() << "call " << call++);
      check_gram(*dictionary, products, atoms, static_cast<std::int64_t>(atoms.size()) / 2, scratch);
    }
  });
}

TEST(RowProducts, ResidualsOfInt8CopiesEqualPlainSums) {
  for (const std::int64_t dim : {1, 100, 384}) {
    const auto dictionary = testing::random_dictionary(20, dim, 29);
    const std::vector<float> z = testing::random_row(dim, dictionary->ld, 30);
    const std::vector<std::int32_t> atoms = {4, 0, 19};
    const std::vector<float> weights = {0.5f, -1.25f, 2.0f};
    testing::for_every_target([&] {
      for (const std::size_t count : {0u, 1u, 3u}) {
        std::vector<float> r(z.size(), NAN);
        residual_int8(*dictionary, z.data(), atoms.data(), weights.data(), static_cast<std::int64_t>(count), r.data());
        for (std::size_t k = 0; k < z.size(); ++k) {
          double exact = static_cast<double>(z[k]);
          for (std::size_t i = 0; i < count; ++i) {
            exact -= static_cast<double>(weights[i]) * static_cast<double>(dictionary->scale[static_cast<std::size_t>(atoms[i])]) *
                     static_cast<double>(dictionary->atom8(atoms[i])[k]);
          }
          EXPECT_LE(std::abs(static_cast<double>(r[k]) - exact), float_sum_error(4, 4.0));
        }
      }
    });
  }
}

}  // namespace
}  // namespace splice_cuda::cpu
