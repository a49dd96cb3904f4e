// What a user of CLIP encoders writes. Without a model, what can be seen is that all is linked and errors
// arrive.

#include <cstdio>
#include <string>

#include <splice_cuda/clip.hpp>

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : "/no/such/model";
  try {
    splice_cuda::ClipEncoder encoder = splice_cuda::ClipEncoder::load(folder);
    std::printf("%s gives %lld numbers\n", encoder.name().c_str(), static_cast<long long>(encoder.dim()));
  } catch (const splice_cuda::Error& error) {
    std::printf("%s\n", error.what());
    return count > 1 ? 1 : 0;
  }
  return 0;
}
