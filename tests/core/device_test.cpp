// Devices by name, and contexts on devices that are not there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::testing {
namespace {

TEST(DeviceParse, ReadsEachForm) {
  EXPECT_EQ(Device::parse("cpu"), Device::cpu());
  EXPECT_EQ(Device::parse("cuda"), Device::cuda(0));
  EXPECT_EQ(Device::parse("cuda:0"), Device::cuda(0));
  EXPECT_EQ(Device::parse("cuda:17"), Device::cuda(17));
  EXPECT_EQ(Device::parse("auto"), cuda_device_count() > 0 ? Device::cuda(0) : Device::cpu());
}

TEST(DeviceParse, ToStringIsItsInverse) {
  for (const Device device : {Device::cpu(), Device::cuda(0), Device::cuda(3)}) {
    EXPECT_EQ(Device::parse(to_string(device)), device);
  }
}

TEST(DeviceParse, RefusesAnythingElse) {
  for (const char* text : {"", "CPU", "gpu", "cpu ", " cpu", "cpu:0", "cuda:", "cuda:-1", "cuda:+1", "cuda: 1", "cuda:1x",
                           "cuda:0x1", "cuda:1.0", "cuda1", "cuda:99999999999", "auto:0"}) {
    const std::string message = argument_error([&] { Device::parse(text); });
    EXPECT_EQ(message, "device: got \"" + std::string(text) + "\", expected cpu, cuda, cuda:N or auto");
  }
}

TEST(ContextDevice, ThatIsNotThereIsNamed) {
  const std::string message =
      thrown_message<DeviceError>([] { Context context(Device::cuda(cuda_device_count() + 3)); });
  EXPECT_THAT(message, ::testing::HasSubstr("cuda:" + std::to_string(cuda_device_count() + 3)));
}

TEST(ContextOptions, ThreadsAreResolved) {
  EXPECT_GE(Context().options().threads, 1);
  EXPECT_EQ(Context(Device::cpu(), {.threads = 3}).options().threads, 3);
}

TEST(RowStatusNames, AreThoseOfTheHeader) {
  EXPECT_EQ(to_string(RowStatus::certified), "certified");
  EXPECT_EQ(to_string(RowStatus::budget_exhausted), "budget_exhausted");
  EXPECT_EQ(to_string(RowStatus::non_finite_input), "non_finite_input");
  EXPECT_EQ(to_string(RowStatus::zero_embedding), "zero_embedding");
}

}  // namespace
}  // namespace splice_cuda::testing
