#include "splice_cuda/codes.hpp"

namespace splice_cuda {

std::string_view to_string(RowStatus status) noexcept {
  switch (status) {
    case RowStatus::certified: return "certified";
    case RowStatus::budget_exhausted: return "budget_exhausted";
    case RowStatus::non_finite_input: return "non_finite_input";
    case RowStatus::zero_embedding: return "zero_embedding";
  }
  return "unknown";
}

}  // namespace splice_cuda
