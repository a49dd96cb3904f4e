#pragma once

/// @file dataset.hpp
/// Data in: tables of records on disk, and datasets of pictures in the layouts that they are published in. Link splice_cuda::data.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "splice_cuda/clip.hpp"
#include "splice_cuda/record_table.hpp"

namespace splice_cuda {

struct RecordFileOptions {
  std::string python = "python3";  ///< reads .parquet (with pyarrow) and .mat (with scipy), in a process of its own
  std::function<void()> stop;      ///< asked while input is waited for; may throw to end the wait
};

/// Reads a table, whose format its suffix tells: .csv (RFC 4180) and .tsv with a header, .jsonl and .ndjson (an object a line; null and what is
/// absent are empty, numbers, true and false their JSON text), .parquet; .gz behind any but the last. Any other suffix is read as .csv.
/// @throws FileError for records of another number of fields or with quotes that RFC 4180 does not know (with the record's number), text that
///         is not UTF-8, columns twice, values that are lists or objects, more than 1000 columns, pipes, a Python without pyarrow
RecordTable read_records(const std::filesystem::path& path, const RecordFileOptions& options = {});

/// Writes a header and a record a line, as RFC 4180 says, line ends "\n". Whole or not at all. @throws FileError
void write_records(const std::filesystem::path& path, const RecordTable& records);

/// Some rows of a table, in the order given. @throws ArgumentError for an index that is no row
RecordTable take_records(const RecordTable& records, std::span<const std::int64_t> rows);

struct DatasetOptions {
  std::string split;           ///< only samples whose record says so in column `split`; empty: all
  std::int64_t limit = 0;      ///< only the first so many of them; 0: all
  std::filesystem::path root;  ///< of a manifest: what its paths are relative to; empty: the table's folder
  RecordFileOptions tables;
};

/// A sample that a dataset lists and that can't be had.
struct MissingSample {
  std::string name;
  std::string reason;
};

/// A list of pictures with a record each. Opening it reads lists, labels and headers; pictures are read when they are asked for. Copies share
/// what was read. Layouts: docs/datasets.md.
class Dataset {
 public:
  /// @param kind  one of kinds()
  /// @param path  a folder; of a manifest a table; of webdataset also a shard, or a list with braces: "train-{000..041}.tar"
  /// @throws ArgumentError for another kind, a split that is not there; FileError for what is missing, damaged, or holds no sample
  static Dataset open(const std::string& kind, const std::filesystem::path& path, const DatasetOptions& options = {});
  /// The same of "KIND:PATH".
  static Dataset open(const std::string& kind_and_path, const DatasetOptions& options = {});
  /// imagefolder, manifest, webdataset, caltech101, celeba, cifar10, cifar100, coco-captions, imagenet, mit-states, stanford-cars, stl10, sun397,
  /// voc2007, waterbirds.
  static std::vector<std::string> kinds();

  const std::string& kind() const noexcept;
  std::int64_t size() const noexcept;
  /// A record a sample. First column: `path` where each picture is a file, else `name`. `label` and `split` where there are such.
  const RecordTable& records() const noexcept;
  /// The file's path, or what the picture is called in the file that holds it: "shard.tar/key.jpg".
  const std::string& name(std::int64_t index) const;
  /// Whether each picture is a file of its own.
  bool has_files() const noexcept;
  /// Tables, archives and arrays that were read: outputs must not take the place of one.
  const std::vector<std::filesystem::path>& sources() const noexcept;
  /// Paths of all pictures that the layout lists, whatever split and limit were asked for: outputs must not take the place of one. Empty where
  /// pictures are no files.
  const std::vector<std::string>& listed_files() const noexcept;
  /// Whatever split was asked for.
  const std::vector<MissingSample>& missing() const noexcept;

  /// A picture's pixels. May be called on several threads at once. @throws FileError; OutOfMemoryError; ArgumentError for an index that is none
  Image image(std::int64_t index, std::int64_t max_pixels = std::int64_t{1} << 28) const;

 private:
  struct State;
  explicit Dataset(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace splice_cuda
