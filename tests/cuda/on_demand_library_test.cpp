// Libraries that are loaded by the first call which needs them. Needs no device: to load them is all that is done.

#include <dlfcn.h>

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cublaslt.hpp"
#include "cusparse.hpp"
#include "io/thrown_message.hpp"
#include "on_demand_library.hpp"
#include "splice_cuda/build_info.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

bool is_loaded(const std::string& name) { return dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD) != nullptr; }

const std::string cublaslt_file = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
const std::string cusparse_file = "libcusparse.so." + std::to_string(CUSPARSE_VER_MAJOR);

TEST(OnDemandLibrary, IsFoundWhereItLayWhenThisWasCompiled) {
  const cuda::OnDemandLibrary library(ON_DEMAND_NAME, ON_DEMAND_FOLDER);
  int (*answer)() = nullptr;
  library.find("on_demand_answer", answer);
  EXPECT_EQ(answer(), 42);
}

TEST(OnDemandLibrary, ThatIsLoadedAlreadyIsTakenWhereverItLies) {
  void* const loaded = dlopen(ON_DEMAND_FOLDER "/" ON_DEMAND_NAME, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(loaded, nullptr) << dlerror();
  const cuda::OnDemandLibrary library(ON_DEMAND_NAME, "/absent");
  int (*answer)() = nullptr;
  library.find("on_demand_answer", answer);
  EXPECT_EQ(reinterpret_cast<void*>(answer), dlsym(loaded, "on_demand_answer"));
}

TEST(OnDemandLibrary, ThatIsAbsentIsNamedWithEachPlace) {
  EXPECT_THAT(thrown_message<DeviceError>([] { cuda::OnDemandLibrary("libabsent.so.1", "/absent"); }),
              AllOf(StartsWith("libabsent.so.1: can't be loaded, expected"), HasSubstr("\n  libabsent.so.1: cannot open"),
                    HasSubstr("\n  /absent/libabsent.so.1: cannot open")));
}

TEST(OnDemandLibrary, WithoutAFunctionNamesBoth) {
  const cuda::OnDemandLibrary library(ON_DEMAND_NAME, ON_DEMAND_FOLDER);
  int (*question)() = nullptr;
  EXPECT_THAT(thrown_message<DeviceError>([&] { library.find("on_demand_question", question); }),
              StartsWith(ON_DEMAND_NAME ": has no on_demand_question, expected"));
}

/// Each of these tests is a process of its own under ctest: what one has loaded the next has not.
TEST(CudaLibraries, AreNotLoadedByAProgramThatCallsNoneOfTheirFunctions) {
  if (::testing::UnitTest::GetInstance()->test_to_run_count() > 1) GTEST_SKIP() << "other tests of this process load them";
  EXPECT_NE(describe_cuda(), "");
  EXPECT_EQ(cuda_info(false).cublaslt, "");
  EXPECT_FALSE(is_loaded(cublaslt_file));
  EXPECT_FALSE(is_loaded(cusparse_file));
  EXPECT_FALSE(cuda_info().cublaslt.empty());
  EXPECT_TRUE(is_loaded(cublaslt_file));
  EXPECT_TRUE(is_loaded(cusparse_file));
}

TEST(CudaLibraries, HaveEveryFunctionThatIsCalled) {
  EXPECT_NO_THROW(cuda::CublasLt::get());
  EXPECT_NO_THROW(cuda::Cusparse::get());
}

/// A version's text, from its parts: of the headers, which a newer library of the same major version may exceed.
TEST(CudaLibraries, AreOfTheVersionThatWasCompiledFor) {
  EXPECT_THAT(cuda::cublaslt_version(), StartsWith(std::to_string(CUBLAS_VER_MAJOR) + "."));
  EXPECT_THAT(cuda::cusparse_version(), StartsWith(std::to_string(CUSPARSE_VER_MAJOR) + "."));
  EXPECT_EQ(cuda_info().cublaslt, cuda::cublaslt_version());
  EXPECT_EQ(cuda_info().cusparse, cuda::cusparse_version());
}

}  // namespace
}  // namespace splice_cuda::testing
