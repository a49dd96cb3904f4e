#pragma once

/// @file npz.hpp
/// NumPy's .npz archives (zip of .npy) by libzip, and codes.npz: scipy.sparse CSR plus our per-row arrays.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "splice_cuda/codes.hpp"

namespace splice_cuda::io {

/// What `splice decompose` writes. scipy.sparse.load_npz reads the CSR part (indices, indptr, format, shape,
/// data); beside it: gap, primal, dual, kkt_violation, l1_penalty (float64 [n]), status (uint8), rounds, iterations
/// (int32), l0 (int32), cosine (float32), and `options` (JSON text as a uint8 array). Where rows have names: `names` (uint8, one
/// name behind the other) and `name_offsets` (int64 [n + 1]).
struct CodesFile {
  SparseCodes codes;
  std::vector<RowReport> reports;   ///< [n], or empty in a foreign CSR file
  std::vector<float> cosine;        ///< [n], or empty
  std::vector<std::string> names;   ///< [n] of any bytes: pictures' paths, texts; or empty
  std::string options_json = "{}";  ///< settings and input paths, for `verify` and `show`
};

/// Whole or not at all (AtomicFile). @throws FileError
void write_codes(const std::filesystem::path& path, const CodesFile& file);

/// Checks every size, offset and index. @throws FileError
CodesFile read_codes(const std::filesystem::path& path);

}  // namespace splice_cuda::io
