// A build without CLIP (SPLICE_CLIP=OFF) has none of the libraries that read pictures, and one without experiments
// (SPLICE_EXPERIMENTS=OFF) none that reads records: no dataset can be opened.

#include "splice_cuda/dataset.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

[[noreturn]] void absent() {
  throw DeviceError("dataset: this build reads no data sets (SPLICE_CLIP=OFF or SPLICE_EXPERIMENTS=OFF); expected one that does, as `make build` makes");
}

}  // namespace

Dataset Dataset::open(const std::string&, const std::filesystem::path&, const DatasetOptions&) { absent(); }
Dataset Dataset::open(const std::string&, const DatasetOptions&) { absent(); }
std::vector<std::string> Dataset::kinds() { return {}; }
const std::string& Dataset::kind() const noexcept { absent(); }
std::int64_t Dataset::size() const noexcept { absent(); }
const RecordTable& Dataset::records() const noexcept { absent(); }
bool Dataset::has_files() const noexcept { absent(); }
const std::vector<std::string>& Dataset::listed_files() const noexcept { absent(); }
const std::vector<std::filesystem::path>& Dataset::sources() const noexcept { absent(); }
const std::vector<MissingSample>& Dataset::missing() const noexcept { absent(); }
const std::string& Dataset::name(std::int64_t) const { absent(); }
Image Dataset::image(std::int64_t, std::int64_t) const { absent(); }

}  // namespace splice_cuda
