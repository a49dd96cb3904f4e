#pragma once

/// @file files.hpp
/// Folders and small lists that datasets are made of.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "data/listing.hpp"

namespace splice_cuda::data {

/// "PATH: found WHAT" and the like. @throws FileError
[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what);

bool is_folder(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);
/// The first of `names` below `folder` that is there; empty where none is.
std::filesystem::path first_there(const std::filesystem::path& folder, std::initializer_list<const char*> names);
/// The same. @throws FileError that lists them
std::filesystem::path required(const std::filesystem::path& folder, std::initializer_list<const char*> names);

/// What a folder itself holds and `keep` takes, by name. @throws FileError
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder, const std::function<bool(const std::filesystem::path&)>& keep);
/// Folders in a folder, links followed, hidden ones left out, by name. @throws FileError
std::vector<std::filesystem::path> subfolders(const std::filesystem::path& folder);
/// Pictures below a folder, in depth; what can't be read is added to what is missing. @throws FileError
std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& folder, Listing& listing);

/// Lines of a file (.gz too) without line ends, empty ones at its end left out. @throws FileError for more than 1 MiB a line, text that is
/// not UTF-8
std::vector<std::string> read_lines(const std::filesystem::path& path, const DatasetOptions& options);
/// Parts of a line between spaces and tabs.
std::vector<std::string> words_of(std::string_view line);
/// A whole number, all of the text. @throws FileError that names the file and what it should be
std::int64_t number_of(std::string_view text, const std::filesystem::path& path, const char* what);

/// Begins the record of a picture, by its path, which is there and UTF-8 (pictures_below).
void begin_picture(RowBuilder& rows, const std::filesystem::path& path);
/// The same of a file, where the file is there; else the file is missing. @returns whether it is there
bool begin_file(RowBuilder& rows, Listing& listing, const std::filesystem::path& path);

/// The listing, where it has a sample. @throws FileError that says what was looked for, and what is missing
Listing finished(Listing listing, RowBuilder& rows, const std::filesystem::path& path, const std::string& expected);

/// train, val, test and what else splits are called.
bool is_split_name(std::string_view name);

}  // namespace splice_cuda::data
