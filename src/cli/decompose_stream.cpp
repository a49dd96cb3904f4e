#include "cli/decompose_stream.hpp"

#include "cli/embedding_blocks.hpp"
#include "cli/progress_line.hpp"
#include "core/code_rows.hpp"

namespace splice_cuda::cli {

io::CodesFile decompose_stream(const StreamRequest& request) {
  io::CodesFile file;
  file.codes.rows = 0;
  file.codes.cols = request.space.size();
  file.codes.row_offsets = {0};
  ProgressLine progress("decompose", request.source.rows(), request.quiet);
  std::int64_t finished = 0;
  const Context context = make_context(request.resources, [&](std::int64_t done) { progress.update(finished + done); });
  for_each_block(request.source, {}, [&](std::int64_t first, MatrixView<const float> block) {
    finished = first;
    const DecomposeResult result = request.space.decompose(context, block, request.options, request.prepare);
    const std::vector<float> cosine = request.space.cosine(context, block, result.codes);
    append_rows(file.codes, result.codes);
    file.reports.insert(file.reports.end(), result.reports.begin(), result.reports.end());
    file.cosine.insert(file.cosine.end(), cosine.begin(), cosine.end());
  });
  return file;
}

void certify_stream(const StreamRequest& request, const SparseCodes& codes, const CertificateVisitor& report) {
  ProgressLine progress("verify", request.source.rows(), request.quiet);
  const Context context = make_context(request.resources);
  // Small blocks: a brute-force certificate takes long, and the line should move.
  BlockLimits limits;
  limits.rows = 1024;
  std::vector<float> z;
  for_each_block(request.source, limits, [&](std::int64_t first, MatrixView<const float> block) {
    z.resize(static_cast<std::size_t>(block.rows * block.cols));
    const MatrixView<float> prepared(z.data(), block.rows, block.cols);
    request.space.prepare(block, prepared, request.prepare);
    report(first, prepared,
           certify(context, request.space.dictionary(context), prepared, slice_rows(codes, first, block.rows), request.options));
    progress.update(first + block.rows);
  });
}

}  // namespace splice_cuda::cli
