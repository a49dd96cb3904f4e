#pragma once

/// @file decompose_stream.hpp
/// Decomposes embeddings that may be larger than memory, block by block.

#include <functional>
#include <vector>

#include "cli/embedding_blocks.hpp"
#include "cli/problem_arguments.hpp"
#include "io/embedding_source.hpp"
#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// Embeddings that come block by block.
struct RowStream {
  std::int64_t rows = 0;  ///< at most; below 0: the walk has a progress line of its own
  std::function<void(const BlockLimits&, const BlockVisitor&)> walk;
};
/// Those of a source, which has to outlive the stream.
RowStream stream_of(const io::EmbeddingSource& source);

struct StreamRequest {
  const ConceptSpace& space;
  RowStream rows;
  DecomposeOptions options;
  PrepareOptions prepare;
  ResourceArguments resources;
  bool quiet = false;
};

/// Codes, reports and cosines of all rows, in order. options_json is left to the caller.
io::CodesFile decompose_stream(const StreamRequest& request);

/// The same at each penalty of a path.
std::vector<io::CodesFile> decompose_path_stream(const StreamRequest& request, const std::vector<float>& penalties);

/// Brute-force certificates (fp64, every atom) of stored codes, block by block.
/// @param report  called with the index of the block's first row, the prepared rows and their certificates
using CertificateVisitor = std::function<void(std::int64_t, MatrixView<const float>, const std::vector<RowReport>&)>;
/// @param penalties  one a row, or empty: options.l1_penalty is that of all
void certify_stream(const StreamRequest& request, const SparseCodes& codes, const std::vector<float>& penalties,
                    const CertificateVisitor& report);

}  // namespace splice_cuda::cli
