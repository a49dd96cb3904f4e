// Damaged files of every kind that is read here give samples, samples that are missing, or a FileError: nothing else.

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/byte_fuzz.hpp"
#include "io/scratch_folder.hpp"
#include "splice_cuda/dataset.hpp"

namespace splice_cuda::testing {
namespace {

/// Opens the dataset and reads all of its pictures; those that are damaged are told by FileErrors of their own.
void read_all(const std::string& kind, const std::filesystem::path& path) {
  const Dataset dataset = Dataset::open(kind, path);
  ASSERT_GT(dataset.size(), 0);
  ASSERT_EQ(dataset.records().rows(), dataset.size());
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    try {
      dataset.image(i, 1 << 16);
    } catch (const FileError&) {
    }
  }
}

class DatasetFuzz : public ::testing::Test {
 protected:
  void folder(const std::string& name) const { std::filesystem::create_directories(scratch_.path(name)); }
  /// Damages one file of a dataset `count` times.
  int fuzz(const std::string& kind, const std::string& file, const std::string& sound, int count, unsigned seed) const {
    return fuzz_bytes(sound, count, seed, [&](const std::string& bytes) {
      scratch_.write(file, bytes);
      read_all(kind, scratch_.root());
    });
  }
  ScratchFolder scratch_;
};

std::string tar_bytes(bool pax) {
  std::string out;
  archive* writer = archive_write_new();
  if (pax) archive_write_set_format_pax(writer);
  else archive_write_set_format_gnutar(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  const auto append = [](archive*, void* to, const void* bytes, std::size_t count) -> la_ssize_t {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
    return static_cast<la_ssize_t>(count);
  };
  archive_write_open(writer, &out, nullptr, append, nullptr);
  const std::vector<std::pair<std::string, std::string>> members = {
      {"a.png", "no picture"}, {"a.cls", "1"}, {std::string(120, 'l') + ".jpg", "xx"}, {"b.json", R"({"n": 1, "t": "x"})"}, {"b.webp", "y"}};
  for (const auto& [name, data] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(data.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    if (pax) archive_entry_set_mtime(entry, 1, 5);  // needs a header of its own
    archive_write_header(writer, entry);
    archive_write_data(writer, data.data(), data.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return out;
}

TEST_F(DatasetFuzz, Shards) {
  for (const bool pax : {false, true}) {
    const std::string sound = tar_bytes(pax);
    scratch_.write("s.tar", sound);
    EXPECT_EQ(Dataset::open("webdataset", scratch_.root()).size(), 3);
    EXPECT_GT(fuzz("webdataset", "s.tar", sound, 3000, pax ? 1 : 2), 100) << "damage behind the first sample leaves that one";
  }
}

TEST_F(DatasetFuzz, ShardsCutAnywhere) {
  const std::string sound = tar_bytes(true);
  for (std::size_t length = 0; length < sound.size(); length += 37) {
    scratch_.write("s.tar", sound.substr(0, length));
    try {
      read_all("webdataset", scratch_.root());
    } catch (const FileError&) {
    }
  }
}

TEST_F(DatasetFuzz, AShardThatIsAnotherByNow) {
  const std::string sound = tar_bytes(false);
  scratch_.write("s.tar", sound);
  const Dataset dataset = Dataset::open("webdataset", scratch_.root());
  for (const std::string& bytes : {std::string(), sound.substr(0, 100), std::string(sound.size(), 'x'), tar_bytes(true)}) {
    scratch_.write("s.tar", bytes);
    for (std::int64_t i = 0; i < dataset.size(); ++i) EXPECT_THROW(dataset.image(i), FileError);
  }
}

TEST_F(DatasetFuzz, Cifar) {
  std::string names;
  for (int i = 0; i < 10; ++i) names += "class " + std::to_string(i) + "\n";
  scratch_.write("batches.meta.txt", names);
  EXPECT_GT(fuzz("cifar10", "data_batch_1.bin", std::string(2 * 3073, '\1'), 300, 3), 50);
  scratch_.write("data_batch_1.bin", std::string(3073, '\1'));
  fuzz("cifar10", "batches.meta.txt", names, 300, 4);
}

TEST_F(DatasetFuzz, Stl10) {
  std::string names;
  for (int i = 0; i < 250; ++i) names += "class " + std::to_string(i) + "\n";
  scratch_.write("class_names.txt", names);
  scratch_.write("train_X.bin", std::string(2 * 27648, '\7'));
  EXPECT_GT(fuzz("stl10", "train_y.bin", "\1\2", 300, 5), 5);
  scratch_.write("train_y.bin", "\1\2");
  const Dataset dataset = Dataset::open("stl10", scratch_.root());
  scratch_.write("train_X.bin", "short");
  EXPECT_NO_THROW(dataset.image(1)) << "the file that was opened is there as long as the dataset is";
}

TEST_F(DatasetFuzz, Annotations) {
  folder("JPEGImages");
  folder("Annotations");
  folder("ImageSets/Main");
  scratch_.write("JPEGImages/1.jpg", "x");
  scratch_.write("JPEGImages/2.jpg", "x");
  scratch_.write("ImageSets/Main/train.txt", "1\n2\n");
  const std::string sound = "<annotation><object><name>dog</name><difficult>0</difficult></object><object><name>cat</name></object></annotation>";
  scratch_.write("Annotations/2.xml", sound);
  EXPECT_EQ(fuzz("voc2007", "Annotations/1.xml", sound, 2000, 6), 2000) << "the other picture remains";
}

TEST_F(DatasetFuzz, Captions) {
  folder("annotations");
  folder("images");
  scratch_.write("images/1.jpg", "x");
  const std::string sound = R"({"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [{"image_id": 1, "caption": "a \"b\" \u00e9"}]})";
  EXPECT_GT(fuzz("coco-captions", "annotations/captions_val2017.json", sound, 3000, 7), 50);
}

TEST_F(DatasetFuzz, Lists) {
  folder("img_align_celeba");
  scratch_.write("img_align_celeba/1.jpg", "x");
  const std::string attributes = "1\nSmiling Young\n1.jpg  1 -1\n";
  EXPECT_GT(fuzz("celeba", "list_attr_celeba.txt", attributes, 1000, 8), 10);
  scratch_.write("list_attr_celeba.txt", attributes);
  EXPECT_GT(fuzz("celeba", "list_eval_partition.txt", "1.jpg 0\n", 1000, 9), 10);
  scratch_.write("1.jpg", "x");
  EXPECT_GT(fuzz("waterbirds", "metadata.csv", "img_filename,y,place,split\n1.jpg,0,1,2\n", 2000, 10), 3);
}

TEST_F(DatasetFuzz, Tables) {
  for (const auto& [name, sound] : {std::pair{"t.csv", "path,label\n\"1.jpg\",\"a \"\"b\"\"\"\n2,é\n"},
                                    {"t.jsonl", "{\"path\": \"1.jpg\", \"n\": 1.5}\n{\"path\": null, \"t\": true}\n"}}) {
    EXPECT_GT(fuzz_bytes(sound, 5000, 11, [&](const std::string& bytes) { read_records(scratch_.write(name, bytes)); }), 100);
  }
}

}  // namespace
}  // namespace splice_cuda::testing
