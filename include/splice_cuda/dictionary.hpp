#pragma once

/// @file dictionary.hpp
/// The atoms, prepared once for any number of calls.

#include <cstdint>
#include <memory>

#include "splice_cuda/context.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

class DictionaryData;

/// An immutable dictionary of `size()` atoms of length `dim()`. Copies share the data; it may be used by
/// several threads at once.
///
/// Atoms are used exactly as given (ConceptSpace normalises and centres). Where several atoms are bitwise
/// equal, all weight goes to the one with the smallest penalty weight, and among those to the lowest
/// index: the optimum C'w is unique, w would not be.
class Dictionary {
 public:
  /// @param atoms  [p, d], row-major, p >= 1, d >= 1, finite. Copied: the view may die afterwards.
  /// @throws ArgumentError for an empty, misshapen or non-finite matrix; OutOfMemoryError.
  Dictionary(const Context& context, MatrixView<const float> atoms);

  std::int64_t size() const noexcept;
  std::int64_t dim() const noexcept;
  Device device() const noexcept;
  /// For the library's own use.
  const DictionaryData& data() const noexcept { return *data_; }

 private:
  std::shared_ptr<const DictionaryData> data_;
};

}  // namespace splice_cuda
