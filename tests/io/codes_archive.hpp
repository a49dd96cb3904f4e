#pragma once

/// @file codes_archive.hpp
/// A small codes.npz by hand, member by member, so that a test can replace any of them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/npz.hpp"
#include "npy_bytes.hpp"
#include "scratch_folder.hpp"
#include "zip_bytes.hpp"

namespace splice_cuda::testing {

/// A vector as a .npy file.
template <class T>
std::string npy_vector(const std::string& descr, const std::vector<T>& values) {
  return npy_bytes(npy_dict(descr, "(" + std::to_string(values.size()) + ",)"), raw_bytes(values));
}

/// Name without ".npy" -> bytes of the member.
using CodesMembers = std::map<std::string, std::string>;

/// [[0, 0.5, 0, 0.25], [0, 0, 0, 0], [1.5, 0, -2, 0]] with a report a row.
inline CodesMembers sound_members() {
  return {{"format", npy_bytes(npy_dict("|S3", "()"), "csr")},
          {"shape", npy_vector<std::int64_t>("<i8", {3, 4})},
          {"indptr", npy_vector<std::int64_t>("<i8", {0, 2, 2, 4})},
          {"indices", npy_vector<std::int32_t>("<i4", {1, 3, 0, 2})},
          {"data", npy_vector<float>("<f4", {0.5f, 0.25f, 1.5f, -2.0f})},
          {"gap", npy_vector<double>("<f8", {1e-9, 0, 2e-9})},
          {"primal", npy_vector<double>("<f8", {0.5, 0, 0.25})},
          {"dual", npy_vector<double>("<f8", {0.5, 0, 0.25})},
          {"kkt_violation", npy_vector<double>("<f8", {0, 0, 1e-8})},
          {"status", npy_vector<std::uint8_t>("|u1", {0, 3, 1})},
          {"rounds", npy_vector<std::int32_t>("<i4", {2, 0, 3})},
          {"iterations", npy_vector<std::int32_t>("<i4", {7, 0, 9})},
          {"cosine", npy_vector<float>("<f4", {0.75f, 0, 0.5f})},
          {"options", npy_vector<char>("|u1", {'{', '}'})}};
}

inline std::string archive(const CodesMembers& members, bool deflate_them = false) {
  std::vector<ZipMember> list;
  for (const auto& [name, bytes] : members) list.push_back(zip_member(name + ".npy", bytes, deflate_them));
  return zip_bytes(list);
}

/// Reads bytes as a file called codes.npz.
inline io::CodesFile read_codes_bytes(const std::string& bytes) {
  const ScratchFolder folder;
  return io::read_codes(folder.write("codes.npz", bytes));
}

}  // namespace splice_cuda::testing
