#include "cli/input_checks.hpp"

#include <fmt/format.h>

#include <optional>
#include <system_error>

#include "io/atomic_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

/// Whether the output would stand among the img_emb_*.npy of a folder of embeddings.
bool is_shard_of(const std::filesystem::path& out, const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path parent = out.has_parent_path() ? out.parent_path() : ".";
  const std::string name = out.filename().string();
  return std::filesystem::is_directory(folder, ignored) && std::filesystem::equivalent(parent, folder, ignored) &&
         name.starts_with("img_emb_") && name.ends_with(".npy");
}

/// The path without links, dots and what else writes one place in several ways; none where the system can't say.
std::optional<std::filesystem::path> resolved_place(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path resolved = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  if (error) return std::nullopt;
  return resolved;
}

}  // namespace

void check_output(const std::filesystem::path& out, const std::vector<std::filesystem::path>& inputs, const std::string& option) {
  for (const auto& input : inputs) {
    std::error_code ignored;
    if (std::filesystem::equivalent(out, input, ignored) || is_shard_of(out, input)) {
      throw ArgumentError(fmt::format("{}: got '{}', which is an input; expected another file", option, out.string()));
    }
  }
  const io::AtomicFile probe(out);  // fails where nothing can be written; goes away again
}

void check_dictionary_out(const std::string& out) {
  if (!out.ends_with(".npy")) return;
  throw ArgumentError(fmt::format("--out: got '{}'; expected a name that ends in .safetensors: one that ends in .npy is read as a plain array", out));
}

bool same_place(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto first = resolved_place(a);
  const auto second = resolved_place(b);
  return first && second ? *first == *second : a == b;
}

bool Places::add(const std::filesystem::path& path) {
  const bool new_name = given_.insert(path).second;
  const auto place = resolved_place(path);
  const bool new_place = !place || resolved_.insert(*place).second;
  return new_name && new_place;
}

void check_same_dim(const std::string& embeddings, std::int64_t embeddings_dim, const std::string& dictionary,
                    std::int64_t dictionary_dim) {
  if (embeddings_dim == dictionary_dim) return;
  throw ArgumentError(fmt::format("--embeddings: got rows of {} numbers in '{}'; expected {}, the length of the atoms of '{}'",
                                  embeddings_dim, embeddings, dictionary_dim, dictionary));
}

void check_code_shape(const std::string& codes, std::int64_t given, const std::string& what, std::int64_t expected) {
  if (given == expected) return;
  throw ArgumentError(fmt::format("codes: got {} {} in '{}'; expected {}", given, what, codes, expected));
}

}  // namespace splice_cuda::cli
