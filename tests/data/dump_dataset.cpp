// What a dataset or a table of records is read as, for tests in Python that make the files.
//   dump_dataset records FILE OUT.csv [PYTHON]
//   dump_dataset samples KIND:PATH OUT.csv OUT.pixels [SPLIT [LIMIT [ROOT [PYTHON]]]]
// OUT.pixels: of each sample height and width (int32) and its bytes; height 0 where it could not be read. What is missing goes to stdout, a line
// "name<tab>reason" each; samples that can't be read, too. Exit codes: 2 ArgumentError, 3 FileError.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "splice_cuda/dataset.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

void write_number(std::ofstream& out, std::int32_t number) { out.write(reinterpret_cast<const char*>(&number), sizeof number); }

void dump_samples(const std::vector<std::string>& words) {
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };
  DatasetOptions options;
  options.split = word(3);
  options.limit = word(4).empty() ? 0 : std::stoll(word(4));
  options.root = word(5);
  if (!word(6).empty()) options.tables.python = word(6);
  const Dataset dataset = Dataset::open(words[0], options);
  write_records(words[1], dataset.records());
  std::ofstream out(words[2], std::ios::binary);
  for (const MissingSample& missing : dataset.missing()) std::printf("%s\t%s\n", missing.name.c_str(), missing.reason.c_str());
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    Image image;
    try {
      image = dataset.image(i);
    } catch (const FileError& error) {
      std::printf("%s\t%s\n", dataset.name(i).c_str(), error.what());
    }
    write_number(out, image.height);
    write_number(out, image.width);
    out.write(reinterpret_cast<const char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  }
}

int run(const std::string& what, const std::vector<std::string>& words) {
  try {
    if (what == "samples") {
      dump_samples(words);
      return 0;
    }
    RecordFileOptions options;
    if (words.size() > 2) options.python = words[2];
    write_records(words[1], read_records(words[0], options));
    return 0;
  } catch (const ArgumentError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const FileError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "another error: %s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace splice_cuda

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) return EXIT_FAILURE;
  return splice_cuda::run(words[0], {words.begin() + 1, words.end()});
}
