#include "cli/npy_rows.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "concepts/unit_rows.hpp"
#include "core/half.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

/// Of one length for any number of rows, as numbers of rows differ by less than the padding.
std::string header_of(io::NpyType type, std::int64_t rows, std::int64_t dim) { return io::npy_header(type, std::array{rows, dim}); }

}  // namespace

NpyRows::NpyRows(const std::filesystem::path& path, std::int64_t dim, io::NpyType type) : file_(path), dim_(dim), type_(type) {
  file_.write(header_of(type_, std::numeric_limits<std::int64_t>::max(), dim_));
}

void NpyRows::write(MatrixView<const float> rows, bool unit) {
  const std::size_t element = io::size_of(type_);
  bytes_.resize(static_cast<std::size_t>(rows.rows * dim_) * element);
  std::byte* out = bytes_.data();
  std::vector<double> wide;
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    row_.assign(rows.row(i), rows.row(i) + dim_);
    if (unit) {
      wide.assign(row_.begin(), row_.end());
      if (normalize_row(wide)) row_.assign(wide.begin(), wide.end());
    }
    if (type_ == io::NpyType::float32) {
      std::memcpy(out, row_.data(), row_.size() * element);
      out += row_.size() * element;
      continue;
    }
    for (const float value : row_) {
      const Float16 half = to_float16(value);
      std::memcpy(out, &half, element);
      out += element;
    }
  }
  file_.write(bytes_);
  rows_ += rows.rows;
}

void NpyRows::commit() {
  const std::string header = header_of(type_, rows_, dim_);
  if (header.size() != header_of(type_, std::numeric_limits<std::int64_t>::max(), dim_).size()) {
    throw Error("the header of a .npy changed its length");
  }
  file_.rewrite(0, header);
  file_.commit();
}

}  // namespace splice_cuda::cli
