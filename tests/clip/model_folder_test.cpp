// Model folders, sound and damaged, and what is looked at before LibTorch gets an archive.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clip/model_files.hpp"
#include "clip/model_folder.hpp"
#include "clip/pickle_scan.hpp"
#include "clip/torchscript_archive.hpp"
#include "io/byte_fuzz.hpp"
#include "io/thrown_message.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ModelFolderTest : public ::testing::Test {
 protected:
  std::string refused(bool check_files = true) const {
    files_.save();
    return file_error([&] { clip::read_model_folder(files_.folder(), check_files); });
  }
  ModelFiles files_;
};

TEST_F(ModelFolderTest, ReadsWhatIsThere) {
  const clip::ModelFolder folder = clip::read_model_folder(files_.folder(), true);
  EXPECT_EQ(folder.name, "tiny");
  EXPECT_EQ(folder.dim, 4);
  EXPECT_EQ(folder.preprocessing.height, 8);
  EXPECT_EQ(folder.text->context_length, 8);
  EXPECT_FALSE(folder.dictionary);
}

TEST_F(ModelFolderTest, FingerprintIsOfWhatEmbeddingsDependOn) {
  const nlohmann::json sound = files_.json;
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    files_.json = sound;
    files_.json[nlohmann::json::json_pointer(pointer)] = value;
    files_.save();
    return clip::read_model_folder(files_.folder(), false).fingerprint;
  };
  const std::string fingerprint = with("/name", "tiny");
  EXPECT_EQ(fingerprint.size(), 64U);
  EXPECT_EQ(with("/name", "another"), fingerprint);
  EXPECT_EQ(with("/provenance/note", "written later"), fingerprint);
  EXPECT_NE(with("/image/mean/0", 0.25), fingerprint);
  for (const auto& [file, entry] : sound["files"].items()) {
    EXPECT_NE(with(("/files/" + file + "/sha256").c_str(), std::string(64, 'a')), fingerprint) << file;
  }
}

TEST_F(ModelFolderTest, NamesWhatIsWrong) {
  const nlohmann::json sound = files_.json;
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    files_.json = sound;
    files_.json[nlohmann::json::json_pointer(pointer)] = value;
    return refused();
  };
  EXPECT_THAT(with("/format", "else"),
              AllOf(HasSubstr("model.json"), HasSubstr("format"), HasSubstr("splice_cuda.model")));
  EXPECT_THAT(with("/version", 2), HasSubstr("version"));
  EXPECT_THAT(with("/dim", 0), HasSubstr("dim"));
  EXPECT_THAT(with("/dim", 4.5), HasSubstr("4.5"));
  EXPECT_THAT(with("/image", 3), HasSubstr("object"));
  EXPECT_THAT(with("/image/size", {8}), HasSubstr("2 finite numbers"));
  EXPECT_THAT(with("/image/size", {8, 100000}), HasSubstr("size"));
  EXPECT_THAT(with("/image/size", {8, 8.5}), HasSubstr("size"));
  EXPECT_THAT(with("/image/std", {1, 0, 1}), HasSubstr("positive"));
  EXPECT_THAT(with("/image/std", {1, 1e300, 1}), HasSubstr("float32"));
  EXPECT_THAT(with("/image/mean", {1, -1e39, 1}), HasSubstr("float32"));
  EXPECT_THAT(with("/image/resize/mode", "stretch"), HasSubstr("shortest, squash, longest"));
  EXPECT_THAT(with("/image/resize/fill", 256), HasSubstr("fill"));
  EXPECT_THAT(with("/files", nlohmann::json::object()), HasSubstr("image.pt"));
  EXPECT_THAT(with("/files/image.pt/sha256", "AB"), HasSubstr("64 hexadecimal"));
  for (const char* name : {"", "..", ".hidden", "a/b", "/etc/passwd", "..\\x", "a\nb"}) {
    EXPECT_THAT(with("/image/file", name), HasSubstr("plain file name")) << name;
    EXPECT_THAT(with("/dictionary", name), HasSubstr("plain file name")) << name;
  }
}

TEST_F(ModelFolderTest, FilesThatChanged) {
  files_.scratch().write("text.pt",
                         std::string(std::filesystem::file_size(files_.folder() / "text.pt"), 'x'));
  EXPECT_THAT(refused(), AllOf(HasSubstr("text.pt"), HasSubstr("SHA-256")));
  EXPECT_NO_THROW(clip::read_model_folder(files_.folder(), false));
  files_.scratch().write("text.pt", "short");
  EXPECT_THAT(refused(false), AllOf(HasSubstr("text.pt"), HasSubstr("5 bytes")));
  std::filesystem::remove(files_.folder() / "text.pt");
  EXPECT_THAT(refused(), AllOf(HasSubstr("text.pt"), HasSubstr("can't open")));
}

TEST_F(ModelFolderTest, NoFolderAtAll) {
  EXPECT_THAT(file_error([] { clip::read_model_folder("/absent/model", true); }), HasSubstr("/absent/model"));
  EXPECT_THAT(file_error([&] { clip::read_model_folder(files_.folder() / "model.json", true); }),
              HasSubstr("no folder"));
  std::filesystem::remove(files_.folder() / "model.json");
  EXPECT_THAT(file_error([&] { clip::read_model_folder(files_.folder(), true); }), HasSubstr("model.json"));
}

TEST_F(ModelFolderTest, DamagedDescriptions) {
  const std::string sound = files_.scratch().read("model.json");
  const int accepted = fuzz_bytes(sound, 300, 5, [&](const std::string& bytes) {
    files_.scratch().write("model.json", bytes);
    clip::read_model_folder(files_.folder(), false);
  });
  EXPECT_LT(accepted, 250);
}

class ArchiveTest : public ::testing::Test {
 protected:
  void check(const std::string& bytes) const {
    const std::filesystem::path path = scratch_.write("image.pt", bytes);
    clip::check_torchscript_archive(io::MappedFile(path), path.string());
  }
  std::string refused(const std::string& bytes) const {
    return file_error([&] { check(bytes); });
  }
  ScratchFolder scratch_;
};

TEST_F(ArchiveTest, TakesTorchScript) {
  EXPECT_NO_THROW(check(zip_bytes(torchscript_members())));
  EXPECT_NO_THROW(
      check(zip_bytes(torchscript_members(harmless_pickle, "saved = x.saver\nfrom_files = 1\n"))));
}

TEST_F(ArchiveTest, RefusesWhatIsNone) {
  EXPECT_THAT(refused("not an archive"), AllOf(HasSubstr("image.pt"), HasSubstr("no zip archive")));
  EXPECT_THAT(refused(""), HasSubstr("no zip archive"));
  EXPECT_THAT(refused(hostile_pickle), HasSubstr("a plain pickle"));
  EXPECT_THAT(refused(zip_bytes(
                  {zip_member("archive/data.pkl", harmless_pickle), zip_member("archive/version", "3")})),
              HasSubstr("torch.save"));
  EXPECT_THAT(refused(zip_bytes({zip_member("a.npy", "x"), zip_member("b.npy", "y")})),
              HasSubstr("one folder"));
  std::vector<ZipMember> twice = torchscript_members();
  twice.push_back(twice.front());
  EXPECT_THAT(refused(zip_bytes(twice)), HasSubstr("image.pt"));
  const std::string sound = zip_bytes(torchscript_members());
  EXPECT_THAT(refused(sound.substr(0, sound.size() - 30)), HasSubstr("damaged"));
}

TEST_F(ArchiveTest, RefusesHostilePickles) {
  EXPECT_THAT(refused(zip_bytes(torchscript_members(hostile_pickle))),
              AllOf(HasSubstr("data.pkl"), HasSubstr("os.system"), HasSubstr("hostile")));
  std::vector<ZipMember> members = torchscript_members();
  members[2] = zip_member("image/constants.pkl", hostile_pickle);
  EXPECT_THAT(refused(zip_bytes(members)), HasSubstr("constants.pkl"));
  // STACK_GLOBAL, INST, EXT1 and protocol-0 strings are ways around GLOBAL.
  for (const char operation : {'\x93', 'i', '\x82', 'S', 'o', 'P', '\x8c'}) {
    EXPECT_THAT(refused(zip_bytes(torchscript_members(std::string("\x80\x02") + operation + "x\n."))),
                HasSubstr("hostile"));
  }
  EXPECT_THAT(refused(zip_bytes(torchscript_members("\x80\x02)"))), HasSubstr("truncated"));
}

TEST_F(ArchiveTest, RefusesCodeThatReachesFiles) {
  EXPECT_THAT(refused(zip_bytes(torchscript_members(harmless_pickle, "  _0 = torch.save(x, \"/tmp/x\")\n"))),
              HasSubstr("save"));
  EXPECT_THAT(
      refused(zip_bytes(torchscript_members(harmless_pickle, "ops.aten.from_file (\"/etc/passwd\")"))),
      HasSubstr("from_file"));
}

TEST_F(ArchiveTest, LooksNamesUpInAnyCase) {
  std::vector<ZipMember> members = torchscript_members(harmless_pickle, "torch.save(x, \"/tmp/x\")\n");
  members[1].name = "image/CODE/__torch__.PY";
  EXPECT_THAT(refused(zip_bytes(members)), AllOf(HasSubstr("CODE"), HasSubstr("operator save")));
  members = torchscript_members(hostile_pickle);
  members[0].name = "image/data.PKL";
  EXPECT_THAT(refused(zip_bytes(members)), HasSubstr("os.system"));
  members = torchscript_members();
  members.push_back(zip_member("IMAGE/Data.pkl", harmless_pickle));
  EXPECT_THAT(refused(zip_bytes(members)), HasSubstr("twice"));
}

TEST_F(ArchiveTest, RefusesTwoEndsOfTheDirectory) {
  const std::string hostile = zip_bytes(torchscript_members(hostile_pickle));
  std::string sound = zip_bytes(torchscript_members());
  // The sound one's comment holds the end of the other.
  const std::string end = hostile.substr(hostile.size() - 22);
  sound.replace(sound.size() - 2, 2, little_endian(end.size(), 2));
  EXPECT_THAT(refused(sound + end), HasSubstr("not one end"));
  std::string commented = zip_bytes(torchscript_members());
  commented.replace(commented.size() - 2, 2, little_endian(3, 2));
  EXPECT_THAT(refused(commented + "abc"), HasSubstr("not one end"));
}

TEST_F(ArchiveTest, RefusesTheLegacyFormat) {
  std::vector<ZipMember> members = torchscript_members();
  members.push_back(zip_member("image/model.json", "{}"));
  EXPECT_THAT(refused(zip_bytes(members)), HasSubstr("model.json"));
}

TEST_F(ArchiveTest, TakesAttributesByPlainLiteralsOnly) {
  for (const char* code : {"getattr(self.layers, \"0\")\n", "_0 = getattr(getattr(f(x)[1], \"0\"), \"1\")\n",
                           "target = x.getattribute\n"}) {
    EXPECT_NO_THROW(check(zip_bytes(torchscript_members(harmless_pickle, code)))) << code;
  }
  for (const char* code :
       {"getattr(torch, \"\\163ave\")(x)", "hasattr(torch, \"\\x73ave\")", "getattr(torch, 'x')",
        "getattr(torch, name)", "getattr(torch, \"x\" \"y\")", "getattr (torch, \"x\")",
        "getattr(f(\"\\\"\"), \"x\")", "g = getattr", "getattr(torch, \"\"\"x\"\"\")"}) {
    EXPECT_THAT(refused(zip_bytes(torchscript_members(harmless_pickle, code))), HasSubstr("plain literal"))
        << code;
  }
  EXPECT_THAT(refused(zip_bytes(torchscript_members(harmless_pickle, "getattr(torch, \"save\")(x)"))),
              HasSubstr("operator save"));
}

TEST_F(ArchiveTest, ReadsTheFileThatIsOpen) {
  const std::filesystem::path path =
      scratch_.write("image.pt", zip_bytes(torchscript_members(hostile_pickle)));
  const io::MappedFile file(path);
  std::filesystem::remove(path);
  scratch_.write("image.pt", zip_bytes(torchscript_members()));
  EXPECT_THAT(file_error([&] { clip::check_torchscript_archive(file, path.string()); }),
              HasSubstr("os.system"));
}

TEST_F(ArchiveTest, DamagedArchives) {
  EXPECT_LT(
      fuzz_bytes(zip_bytes(torchscript_members()), 400, 9, [&](const std::string& bytes) { check(bytes); }),
      300);
  EXPECT_LT(fuzz_bytes(harmless_pickle, 400, 9,
                       [&](const std::string& bytes) {
                         clip::check_pickle(std::as_bytes(std::span(bytes)), "pickle");
                       }),
            300);
}

}  // namespace
}  // namespace splice_cuda::testing
