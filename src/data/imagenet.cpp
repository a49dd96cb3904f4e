// ImageNet, ILSVRC 2012 (Russakovsky et al. 2015).

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/files.hpp"
#include "data/mat_file.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

/// "n01440764".
bool is_synset(std::string_view name) {
  return name.size() == 9 && name[0] == 'n' && name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

/// Words of synsets: "n01440764 tench, Tinca tinca", the two parted by a space or a tab.
std::map<std::string, std::string> read_words(const fs::path& path, const DatasetOptions& options) {
  std::map<std::string, std::string> words;
  for (const std::string& line : read_lines(path, options)) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    const std::string synset = line.substr(0, end);
    if (!is_synset(synset) || end == line.size()) fail(path, "found '" + line.substr(0, 100) + "'; expected 'nXXXXXXXX words'");
    words[synset] = line.substr(end + 1);
  }
  return words;
}

class ImageNet {
 public:
  ImageNet(const fs::path& path, const DatasetOptions& options) : root_(path), options_(options), rows_(path.string()) {
    pictures_ = first_there(path, {"ILSVRC/Data/CLS-LOC", "Data/CLS-LOC"});
    if (pictures_.empty()) pictures_ = path;
    const fs::path names = first_there(path, {"LOC_synset_mapping.txt", "synset_words.txt", "words.txt", "ILSVRC2012_devkit_t12/data/words.txt"});
    if (names.empty()) return;
    listing_.sources.push_back(names);
    words_ = read_words(names, options);
  }

  Listing list() {
    if (!is_folder(pictures_ / "train") && !is_folder(pictures_ / "val")) required(pictures_, {"train", "val"});
    for (const char* split : {"train", "val"}) {
      if (is_folder(pictures_ / split)) list_split(pictures_ / split, split);
    }
    return finished(std::move(listing_), rows_, pictures_, "pictures in train/nXXXXXXXX and val, or val/nXXXXXXXX");
  }

 private:
  void list_split(const fs::path& folder, const std::string& split) {
    bool flat = true;
    for (const fs::path& of_synset : subfolders(folder)) {
      const std::string synset = of_synset.filename().string();
      if (!is_synset(synset)) continue;
      flat = false;
      for (const fs::path& picture : pictures_below(of_synset, listing_)) {
        begin_picture(rows_, picture);
        describe(synset, split);
      }
    }
    if (flat && split == "val") list_flat(folder);
  }

  /// The present record's columns.
  void describe(const std::string& synset, const std::string& split) {
    if (!named_) name_synsets();
    const auto label = labels_.find(synset);
    rows_.set("label", label == labels_.end() ? synset : label->second);
    rows_.set("split", split);
    rows_.set("synset", synset);
  }

  /// The first of a synset's words, with the synset where two of them begin alike: cranes are birds and machines.
  void name_synsets() {
    named_ = true;
    if (words_.empty()) return;
    std::set<std::string> used = used_synsets();
    std::map<std::string, int> counts;
    const auto first_word = [](const std::string& words) { return words.substr(0, words.find(',')); };
    for (const auto& [synset, words] : words_) {
      if (used.empty() || used.contains(synset)) ++counts[first_word(words)];
    }
    for (const auto& [synset, words] : words_) {
      const std::string word = first_word(words);
      labels_[synset] = counts[word] > 1 ? word + " (" + synset + ")" : word;
    }
  }

  /// words.txt holds all of WordNet: names are told apart among the synsets that there are folders of.
  std::set<std::string> used_synsets() const {
    std::set<std::string> used;
    for (const char* split : {"train", "val"}) {
      if (!is_folder(pictures_ / split)) continue;
      for (const fs::path& folder : subfolders(pictures_ / split)) {
        if (is_synset(folder.filename().string())) used.insert(folder.filename().string());
      }
    }
    return used;
  }

  /// val/ILSVRC2012_val_00000001.JPEG and so on, whose synsets a list tells.
  void list_flat(const fs::path& folder) {
    const std::vector<fs::path> pictures = pictures_below(folder, listing_);
    if (pictures.empty()) return;
    const fs::path solution = first_there(root_, {"LOC_val_solution.csv"});
    const fs::path truth = first_there(root_, {"ILSVRC2012_validation_ground_truth.txt", "data/ILSVRC2012_validation_ground_truth.txt",
                                               "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"});
    if (solution.empty() && truth.empty()) {
      fail(root_, "found no LOC_val_solution.csv and no ILSVRC2012_validation_ground_truth.txt; expected one for the pictures that lie in val itself");
    }
    const std::unordered_map<std::string, std::string> synsets = solution.empty() ? read_truth(truth) : read_solution(solution);
    for (const fs::path& picture : pictures) {
      const auto synset = synsets.find(picture.stem().string());
      if (synset == synsets.end()) {
        listing_.missing.push_back({picture.string(), "found no class of it in '" + (solution.empty() ? truth : solution).string() + "'"});
        continue;
      }
      begin_picture(rows_, picture);
      describe(synset->second, "val");
    }
  }

  /// "ImageId,PredictionString": "ILSVRC2012_val_00048981,n03995372 85 1 499 272".
  std::unordered_map<std::string, std::string> read_solution(const fs::path& path) {
    listing_.sources.push_back(path);
    const RecordTable table = read_records(path, options_.tables);
    if (!table.has("ImageId") || !table.has("PredictionString")) fail(path, "found other columns; expected ImageId and PredictionString");
    const std::vector<std::string>& pictures = table.column("ImageId");
    const std::vector<std::string>& predictions = table.column("PredictionString");
    std::unordered_map<std::string, std::string> synsets;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      const std::vector<std::string> words = words_of(predictions[i]);
      if (words.empty() || !is_synset(words[0])) fail(path, "found '" + predictions[i].substr(0, 100) + "'; expected a synset first");
      synsets[pictures[i]] = words[0];
    }
    return synsets;
  }

  /// Line i is the number of the class of picture i; numbers of synsets stand in meta.mat.
  std::unordered_map<std::string, std::string> read_truth(const fs::path& path) {
    const fs::path meta = required(path.parent_path(), {"meta.mat"});
    listing_.sources.insert(listing_.sources.end(), {path, meta});
    const RecordTable table = read_mat(meta, "synsets", {"ILSVRC2012_ID", "WNID"}, options_.tables);
    const std::vector<std::string>& numbers = table.column("ILSVRC2012_ID");
    const std::vector<std::string>& names = table.column("WNID");
    std::unordered_map<std::string, std::string> of_number;
    for (std::size_t i = 0; i < numbers.size(); ++i) of_number[numbers[i]] = names[i];
    std::unordered_map<std::string, std::string> synsets;
    const std::vector<std::string> lines = read_lines(path, options_);
    constexpr std::size_t digits = 8;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto synset = of_number.find(lines[i]);
      if (synset == of_number.end() || !is_synset(synset->second)) {
        fail(path, "line " + std::to_string(i + 1) + ": found '" + lines[i].substr(0, 100) + "'; expected the number of a synset of meta.mat");
      }
      const std::string number = std::to_string(i + 1);
      synsets["ILSVRC2012_val_" + std::string(digits - std::min(digits, number.size()), '0') + number] = synset->second;
    }
    return synsets;
  }

  fs::path root_;
  fs::path pictures_;
  const DatasetOptions& options_;
  Listing listing_;
  RowBuilder rows_;
  std::map<std::string, std::string> words_;
  std::map<std::string, std::string> labels_;
  bool named_ = false;  ///< labels_ are made; empty where no words are known
};

}  // namespace

Listing list_imagenet(const fs::path& path, const DatasetOptions& options) { return ImageNet(path, options).list(); }

}  // namespace splice_cuda::data
