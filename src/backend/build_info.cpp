// Definitions come from CMake (src/backend/CMakeLists.txt).

#include "splice_cuda/build_info.hpp"

namespace splice_cuda {

BuildInfo build_info() { return {SPLICE_COMPILER, SPLICE_BUILD_TYPE, SPLICE_SANITIZER, SPLICE_SHARED != 0}; }

}  // namespace splice_cuda
