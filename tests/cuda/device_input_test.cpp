// Embeddings and atoms in device memory: the same bits as from the host, and pointers that are not what the view says.

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/device_array.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/half_atoms.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::MemoryKind;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const float nan = std::nanf("");

class DeviceInput : public ::testing::Test {
 protected:
  DecomposeResult solve(EmbeddingsView rows) const { return decompose(context, dictionary, rows, {.l1_penalty = 0.1f}); }
  EmbeddingsView on_device(const float* data, std::int64_t ld, Device device = Device::cuda(0)) const {
    return MatrixView<const float>{data, sample.rows, sample.dim, ld, device};
  }
  std::string refusal(EmbeddingsView rows) const {
    return argument_error([&] { solve(rows); });
  }

  SampleProblem sample = sample_problem(60, 19, 30, 3);
  Context context{Device::cuda(0)};
  Dictionary dictionary{context, sample.atom_view()};
  DecomposeResult expected = solve(sample.view());
};

TEST_F(DeviceInput, GivesTheBitsOfTheHosts) {
  const DeviceArray<float> rows(sample.embeddings);
  EXPECT_EQ(difference(solve(on_device(rows.get(), sample.dim)), expected), "");
}

TEST_F(DeviceInput, RowsMayLieApart) {
  const std::vector<float> wide = strided(sample.embeddings, sample.dim, 5, nan);
  const DeviceArray<float> rows(wide);
  EXPECT_EQ(difference(solve(on_device(rows.get(), sample.dim + 5)), expected), "");
  EXPECT_EQ(difference(solve(on_device(wide.data(), sample.dim + 5, Device::cpu())), expected), "") << "from the host";
}

TEST_F(DeviceInput, ManagedMemoryIsEither) {
  const DeviceArray<float> rows(sample.embeddings, 1, MemoryKind::managed);
  EXPECT_EQ(difference(solve(on_device(rows.get(), sample.dim)), expected), "");
  EXPECT_EQ(difference(solve(on_device(rows.get(), sample.dim, Device::cpu())), expected), "");
}

TEST_F(DeviceInput, PinnedMemoryIsTheHosts) {
  const DeviceArray<float> rows(sample.embeddings, 0, MemoryKind::pinned);
  EXPECT_EQ(difference(solve(on_device(rows.get(), sample.dim, Device::cpu())), expected), "");
  EXPECT_THAT(refusal(on_device(rows.get(), sample.dim)), HasSubstr("got a pointer to memory of the host"));
}

TEST_F(DeviceInput, HalvesOnTheDevice) {
  std::vector<BFloat16> halves;
  for (const float value : sample.embeddings) halves.push_back({static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16)});
  const DeviceArray<BFloat16> rows(halves);
  const DecomposeResult host = solve(MatrixView<const BFloat16>{halves.data(), sample.rows, sample.dim});
  EXPECT_EQ(difference(solve(MatrixView<const BFloat16>{rows.get(), sample.rows, sample.dim, sample.dim, Device::cuda(0)}), host), "");
}

TEST_F(DeviceInput, NoRowsAndOneRow) {
  const DeviceArray<float> rows(sample.embeddings);
  const EmbeddingsView all = on_device(rows.get(), sample.dim);
  EXPECT_EQ(solve(all.slice(0, 0)).codes.row_offsets, std::vector<std::int64_t>{0});
  EXPECT_EQ(solve(MatrixView<const float>{nullptr, 0, sample.dim, sample.dim, Device::cuda(0)}).codes.rows, 0);
  EXPECT_EQ(row_difference(solve(all.slice(7, 1)), 0, expected, 7), "");
}

TEST_F(DeviceInput, AHostPointerDeclaredAsOnTheDeviceIsNamed) {
  const std::string message = refusal(on_device(sample.embeddings.data(), sample.dim));
  EXPECT_EQ(message, "embeddings: got a pointer to memory of the host, expected memory of cuda:0 (or managed memory), as declared");
}

TEST_F(DeviceInput, ADevicePointerDeclaredAsOnTheHostIsNamed) {
  const DeviceArray<float> rows(sample.embeddings);
  const std::string message = refusal(on_device(rows.get(), sample.dim, Device::cpu()));
  EXPECT_THAT(message, StartsWith("embeddings: got a pointer to memory of cuda:0 declared as on cpu, expected "));
}

TEST_F(DeviceInput, AnotherDevicesPointerIsNamed) {
  const DeviceArray<float> rows(sample.embeddings, 1);
  EXPECT_THAT(refusal(on_device(rows.get(), sample.dim)), StartsWith("embeddings: got a pointer to memory of cuda:1, expected memory of cuda:0"));
  EXPECT_THAT(refusal(on_device(rows.get(), sample.dim, Device::cuda(1))), StartsWith("embeddings: got data on cuda:1, expected data on cpu or on cuda:0"));
}

TEST_F(DeviceInput, AMisalignedPointerIsNamed) {
  const DeviceArray<float> rows(sample.embeddings);
  const auto* shifted = reinterpret_cast<const float*>(reinterpret_cast<const unsigned char*>(rows.get()) + 2);
  EXPECT_EQ(refusal(on_device(shifted, sample.dim)), "embeddings: got a pointer 2 bytes past a multiple of 4, expected alignment to the element");
}

TEST_F(DeviceInput, CertifyChecksItsPointersToo) {
  const std::string message =
      argument_error([&] { certify(context, dictionary, on_device(sample.embeddings.data(), sample.dim), expected.codes); });
  EXPECT_THAT(message, StartsWith("embeddings: got a pointer to memory of the host"));
}

TEST_F(DeviceInput, RecomposeChecksItsPointerToo) {
  std::vector<float> out(sample.embeddings.size());
  const std::string message = argument_error([&] {
    recompose(context, dictionary, expected.codes, {out.data(), sample.rows, sample.dim, sample.dim, Device::cuda(0)});
  });
  EXPECT_THAT(message, StartsWith("reconstruction: got a pointer to memory of the host"));
}

TEST_F(DeviceInput, AtomsOnTheDevice) {
  const std::vector<float> wide = strided(sample.dictionary, sample.dim, 3, nan);
  const DeviceArray<float> atoms(wide);
  const MatrixView<const float> view{atoms.get(), sample.atoms, sample.dim, sample.dim + 3, Device::cuda(0)};
  const Dictionary copied(context, view);
  const Dictionary viewed = Dictionary::view(context, view);
  EXPECT_FALSE(viewed.in_place());
  for (const Dictionary& made : {copied, viewed}) {
    EXPECT_EQ(difference(decompose(context, made, sample.view(), {.l1_penalty = 0.1f}), expected), "");
  }
}

TEST_F(DeviceInput, AtomsThatAreNotWhereTheViewSays) {
  const MatrixView<const float> host{sample.dictionary.data(), sample.atoms, sample.dim, sample.dim, Device::cuda(0)};
  EXPECT_THAT(argument_error([&] { Dictionary(context, host); }), StartsWith("atoms: got a pointer to memory of the host"));
  const DeviceArray<float> atoms(sample.dictionary, 1);
  const MatrixView<const float> other{atoms.get(), sample.atoms, sample.dim, sample.dim, Device::cuda(0)};
  EXPECT_THAT(argument_error([&] { Dictionary(context, other); }), StartsWith("atoms: got a pointer to memory of cuda:1"));
}

TEST_F(DeviceInput, ANanInAtomsOnTheDevice) {
  sample.dictionary[5 * 19 + 2] = nan;
  const DeviceArray<float> atoms(sample.dictionary);
  const MatrixView<const float> view{atoms.get(), sample.atoms, sample.dim, sample.dim, Device::cuda(0)};
  EXPECT_THAT(argument_error([&] { Dictionary(context, view); }), HasSubstr("row 5"));
}

TEST_F(DeviceInput, TheSecondDevice) {
  const Context second(Device::cuda(1));
  const Dictionary own(second, sample.atom_view());
  const DeviceArray<float> rows(sample.embeddings, 1);
  EXPECT_EQ(difference(decompose(second, own, on_device(rows.get(), sample.dim, Device::cuda(1)), {.l1_penalty = 0.1f}), expected), "");
  EXPECT_THAT(argument_error([&] { decompose(second, dictionary, sample.view()); }), StartsWith("dictionary: got a dictionary on cuda:0"));
}

}  // namespace
}  // namespace splice_cuda::testing
