// Which atoms join a row's working set, and what that costs: their Gram matrix with the set.

#include <algorithm>
#include <cmath>

#include "cpu/int8_products.hpp"
#include "cpu/row_products.hpp"
#include "cpu/select.hpp"
#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

/// Of the candidates: those outside the set whose correlation exceeds `threshold`, at most `most` of
/// them, the best, become picks.
std::int64_t WorkingSetSteps::pick(const Candidates& candidates, float threshold, std::int64_t most) {
  scratch_.picks.clear();
  scratch_.pick_values.clear();
  scratch_.values.clear();
  for (std::int64_t i = 0; i < candidates.count; ++i) {
    const std::int32_t atom = candidates.atoms[i];
    const float value = magnitude(candidates.values[i]);
    if (!(value > threshold) || scratch_.contains(atom)) continue;
    scratch_.picks.push_back(atom);
    scratch_.pick_values.push_back(candidates.values[i]);
    scratch_.values.push_back(value);
  }
  const auto found = static_cast<std::int64_t>(scratch_.picks.size());
  if (found <= most) return found;
  const float limit = best_threshold(scratch_.values.data(), found, most, false);
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < found; ++i) {
    if (!(scratch_.values[at(i)] > limit)) continue;
    scratch_.picks[at(kept)] = scratch_.picks[at(i)];
    scratch_.pick_values[at(kept)] = scratch_.pick_values[at(i)];
    ++kept;
  }
  if (kept == 0) kept = most;  // all alike: the first ones
  scratch_.picks.resize(at(kept));
  scratch_.pick_values.resize(at(kept));
  return kept;
}

Taken WorkingSetScratch::room_to_take(std::int64_t most) {
  const std::size_t room = at(most + taken_slack);
  if (taken_atoms_.size() < room) {
    taken_atoms_.resize(room);
    taken_values_.resize(room);
  }
  return {taken_atoms_.data(), taken_values_.data()};
}

/// Candidates above `threshold`, at most `most` of them, the best, become picks. Those below `weak` leave the list:
/// what is far below lambda at the present residual hardly comes back, and the next pass over all atoms finds what does.
std::int64_t WorkingSetSteps::pick_listed(Selection& candidates, float threshold, float weak, std::int64_t most) {
  const float limit = best_threshold(candidates.values, candidates.count, most, candidates.both_signs, threshold);
  const Taken taken = scratch_.room_to_take(candidates.count);
  std::int64_t picked = take_above(candidates, limit, weak, taken);
  if (picked == 0 && limit > threshold) {  // all alike: the first ones
    picked = std::min(take_above(candidates, threshold, weak, taken), most);
  }
  scratch_.picks.assign(taken.atoms, taken.atoms + picked);
  scratch_.pick_values.assign(taken.values, taken.values + picked);
  return picked;
}

/// Products of the picks, scratch_.atoms from row.set.size on, with all of scratch_.atoms into scratch_.gram [count, total].
void WorkingSetSteps::gram_of_picks(const WorkingSetRow& row, std::int64_t count) {
  const std::int64_t total = row.set.size + count;
  float* gram = scratch_.gram.data();
  if (!row.precise) {
    gram_int8(dictionary_, scratch_.atoms.data(), row.set.size, total, gram, total, scratch_.gram_rows);
    return;
  }
  for (std::int64_t i = 0; i < count; i += 2) {
    const std::int64_t last = std::min(i + 1, count - 1);  // an odd one is done twice
    const std::int64_t known = row.set.size + last + 1;    // products with later ones are theirs: G is symmetric
    dot_atoms_twice(dictionary_, scratch_.atoms.data(), known,
                    dictionary_.float_atom(scratch_.picks[at(i)], scratch_.pair[0].data()),
                    dictionary_.float_atom(scratch_.picks[at(last)], scratch_.pair[1].data()),
                    gram + i * total, gram + last * total);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t k = i + 1; k < count; ++k) gram[i * total + row.set.size + k] = gram[k * total + row.set.size + i];
  }
}

/// Adds scratch_.picks to the working set. The sign of a pick's value chooses that of its factor.
void WorkingSetSteps::add_picks(WorkingSetRow& row) {
  const auto count = static_cast<std::int64_t>(scratch_.picks.size());
  const std::int64_t first = row.set.size;
  const std::int64_t total = first + count;
  scratch_.factors.resize(at(total));
  std::copy_n(row.set.factors.begin(), first, scratch_.factors.begin());
  scratch_.values.resize(at(count));
  scratch_.atoms.assign(row.set.atoms.begin(), row.set.atoms.begin() + first);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t atom = scratch_.picks[at(i)];
    const float correlation = scratch_.pick_values[at(i)];
    const bool negative = correlation < 0 && !problem_.nonnegative;
    scratch_.factors[at(first + i)] = negative ? -inverse_weight(atom) : inverse_weight(atom);
    scratch_.values[at(i)] = static_cast<float>(row.lambda) - (negative ? -correlation : correlation);
    scratch_.atoms.push_back(atom);
    scratch_.insert(atom, first + i);
  }
  if (scratch_.gram.size() < at(count * total)) scratch_.gram.resize(at(count * total));
  gram_of_picks(row, count);
  for (std::int64_t i = 0; i < count; ++i) {
    float* gram = scratch_.gram.data() + i * total;
    const float factor = scratch_.factors[at(first + i)];
    for (std::int64_t k = 0; k < total; ++k) gram[k] *= factor * scratch_.factors[at(k)];
  }
  append_atoms(row.set, scratch_.picks.data(), scratch_.factors.data() + first, count, scratch_.gram.data(), total,
               scratch_.values.data(), scratch_.append);
}

/// Values of the picks from the atoms themselves.
void WorkingSetSteps::correlate_picks(const float* r) {
  scratch_.pick_values.resize(scratch_.picks.size());
  dot_atoms(dictionary_, scratch_.picks.data(), static_cast<std::int64_t>(scratch_.picks.size()), r,
            scratch_.pick_values.data());
  for (std::size_t i = 0; i < scratch_.picks.size(); ++i) scratch_.pick_values[i] *= inverse_weight(scratch_.picks[i]);
}

/// The whole set once more, over the Gram matrix of the atoms themselves.
void WorkingSetSteps::rebuild_precisely(WorkingSetRow& row) {
  scratch_.picks.assign(row.set.atoms.begin(), row.set.atoms.begin() + row.set.size);
  correlate_picks(row.z.get());
  row.set.clear();
  row.precise = true;
  add_picks(row);
  solve_set(row, 1e-6f * static_cast<float>(row.lambda));
}

}  // namespace splice_cuda::cpu
