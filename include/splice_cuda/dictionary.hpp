#pragma once

/// @file dictionary.hpp
/// The atoms, prepared once for any number of calls.

#include <cstdint>
#include <memory>

#include "splice_cuda/context.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

class DictionaryData;

/// An immutable dictionary of `size()` atoms of length `dim()`, in float32, float16 or bfloat16. Copies share the data;
/// it may be used by several threads at once.
///
/// Atoms are used exactly as given (ConceptSpace normalises and centres): every product and every certificate is made
/// with the elements as they are stored, converted without error. A dictionary in 16 bits gives bit by bit the results
/// of one in float32 that holds the same values.
///
/// Beside the atoms it holds two int8 copies for screening, 2 d bytes an atom (d rounded up to 64); on a device one of them, and
/// the atoms in two float16 parts with four bits of what int8 leaves, 5.5 d bytes. One that was moved from can only be assigned to.
///
/// Where several atoms are equal (-0 equals 0), all weight goes to the one with the smallest penalty weight, and among
/// those to the lowest index: the optimum C'w is unique, w would not be.
class Dictionary {
 public:
  /// @param atoms  [p, d], row-major, p >= 1, d >= 1, finite. Copied in their own type: the view may die afterwards.
  /// @throws ArgumentError for an empty, misshapen or non-finite matrix; OutOfMemoryError.
  Dictionary(const Context& context, TypedMatrixView atoms);

  /// The same atoms without a copy, out of a mapped file for instance. Rows are read in place where d is a multiple of 64
  /// and data aligned to the elements; otherwise they are copied after all. Results do not depend on it.
  /// @param owner  what keeps the atoms' memory alive, held as long as the dictionary and its copies; without one, the
  ///               caller keeps it alive. The elements must not change meanwhile.
  static Dictionary view(const Context& context, TypedMatrixView atoms, std::shared_ptr<const void> owner = nullptr);

  std::int64_t size() const noexcept;
  std::int64_t dim() const noexcept;
  DType dtype() const noexcept;
  /// Whether rows are read where `view` was told they are.
  bool in_place() const noexcept;
  Device device() const noexcept;
  /// For the library's own use.
  const DictionaryData& data() const noexcept { return *data_; }

 private:
  Dictionary(const Context& context, TypedMatrixView atoms, bool in_place, std::shared_ptr<const void> owner);

  std::shared_ptr<const DictionaryData> data_;
};

}  // namespace splice_cuda
