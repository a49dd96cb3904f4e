#include "cli/decompose_stream.hpp"

#include <span>

#include "cli/progress_line.hpp"
#include "core/code_rows.hpp"

namespace splice_cuda::cli {

namespace {

io::CodesFile empty_file(const StreamRequest& request) {
  io::CodesFile file;
  file.codes.rows = 0;
  file.codes.cols = request.space.size();
  file.codes.row_offsets = {0};
  return file;
}

void append_block(io::CodesFile& file, const StreamRequest& request, const Context& context,
                  MatrixView<const float> block, const DecomposeResult& result) {
  const std::vector<float> cosine = request.space.cosine(context, block, result.codes);
  append_rows(file.codes, result.codes);
  file.reports.insert(file.reports.end(), result.reports.begin(), result.reports.end());
  file.cosine.insert(file.cosine.end(), cosine.begin(), cosine.end());
}

/// Solves block by block; `solve` adds a block's results to the files.
void stream_blocks(const StreamRequest& request, const std::function<void(const Context&, MatrixView<const float>)>& solve) {
  ProgressLine progress("decompose", request.rows.rows, request.quiet || request.rows.rows < 0);
  std::int64_t finished = 0;
  const Context context = make_context(request.resources, [&](std::int64_t done) { progress.update(finished + done); });
  request.rows.walk({}, [&](std::int64_t first, MatrixView<const float> block) {
    finished = first;
    solve(context, block);
  });
}

}  // namespace

RowStream stream_of(const io::EmbeddingSource& source) {
  return {source.rows(), [&source](const BlockLimits& limits, const BlockVisitor& visit) { for_each_block(source, limits, visit); }};
}

io::CodesFile decompose_stream(const StreamRequest& request) {
  io::CodesFile file = empty_file(request);
  stream_blocks(request, [&](const Context& context, MatrixView<const float> block) {
    append_block(file, request, context, block, request.space.decompose(context, block, request.options, request.prepare));
  });
  return file;
}

std::vector<io::CodesFile> decompose_path_stream(const StreamRequest& request, const std::vector<float>& penalties) {
  std::vector<io::CodesFile> files(penalties.size(), empty_file(request));
  stream_blocks(request, [&](const Context& context, MatrixView<const float> block) {
    const std::vector<DecomposeResult> results =
        request.space.decompose_path(context, block, penalties, request.options, request.prepare);
    for (std::size_t i = 0; i < files.size(); ++i) append_block(files[i], request, context, block, results[i]);
  });
  return files;
}

void certify_stream(const StreamRequest& request, const SparseCodes& codes, const std::vector<float>& penalties,
                    const CertificateVisitor& report) {
  ProgressLine progress("verify", request.rows.rows, request.quiet);
  const Context context = make_context(request.resources);
  // Small blocks: a brute-force certificate takes long, and the line should move.
  BlockLimits limits;
  limits.rows = 1024;
  std::vector<float> z;
  request.rows.walk(limits, [&](std::int64_t first, MatrixView<const float> block) {
    z.resize(static_cast<std::size_t>(block.rows * block.cols));
    const MatrixView<float> prepared(z.data(), block.rows, block.cols);
    request.space.prepare(block, prepared, request.prepare);
    DecomposeOptions options = request.options;
    if (!penalties.empty()) {
      options.l1_penalties = std::span(penalties).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(block.rows));
    }
    report(first, prepared,
           certify(context, request.space.dictionary(context), prepared, slice_rows(codes, first, block.rows), options));
    progress.update(first + block.rows);
  });
}

}  // namespace splice_cuda::cli
