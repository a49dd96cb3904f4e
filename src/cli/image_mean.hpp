#pragma once

/// @file image_mean.hpp
/// The mean that is subtracted from unit embeddings, from a file or from the batch itself.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/unit_row_mean.hpp"
#include "io/embedding_source.hpp"

namespace splice_cuda::cli {

/// Euclidean, in double.
double length_of(const std::vector<float>& vector);

/// A .npy of shape [d] or [1, d], all finite and no longer than 1, given by --image-mean.
/// @param dim  the length it must have
/// @param of   whose length that is, for the message: "the atoms"
/// @throws FileError, ArgumentError
std::vector<float> read_mean(const std::filesystem::path& path, std::int64_t dim, const std::string& of);

/// Mean of the finite, non-zero rows, each scaled to length 1.
UnitRowMean mean_of_unit_rows(const io::EmbeddingSource& source, bool quiet);

}  // namespace splice_cuda::cli
