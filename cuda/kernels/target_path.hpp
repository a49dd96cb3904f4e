#pragma once

/// @file target_path.hpp
/// The solutions of one row among its candidates, as a function of lambda, in fp64 (src/cpu/solution_path.hpp says what a path
/// is). Gram columns are made as atoms enter, and every knot starts from scratch by the inverse of the support's Gram matrix, so
/// that nothing drifts but that inverse. Atoms are raw: factors turn correlations into those of the weighted problem, x_s = w_s /
/// factor_s.

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/path_math.hpp"
#include "kernels/row_products.hpp"
#include "kernels/support_inverse.hpp"
#include "kernels/target_view.hpp"
#include "kernels/warp_products.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Where following a path ended.
enum class PathEnd : std::int32_t {
  empty,    ///< no candidate correlates with z
  target,   ///< it is met at lambda
  floor,    ///< where the path was to end in any case
  gave_up,  ///< knots without end
};

/// 1 / a_j; 0 where the solver must not use the atom. In fp64: of a float32 reciprocal the knots would lie elsewhere.
SPLICE_KERNEL double path_inverse_weight(const ProblemView& problem, std::int64_t atom) {
  return problem.solver_inverse[atom] > 0 ? problem.inverse[atom] : 0;
}

/// out[at + i] = <c_atoms[first + i], x> for i < count, by one lane each. The caller has a barrier afterwards.
template <class Group, class Atoms, class Out>
SPLICE_OUT_OF_LINE void multiply_candidates(Group& group, FloatAtoms source, Atoms atoms, int first, int count, const float* x,
                                            Out out, std::int64_t at) {
  dot_atoms<double>(
      group, source, count, [&](int i) -> std::int64_t { return static_cast<std::int32_t>(atoms[first + i]); }, x,
      [&](int i, double product) { out[at + i] = product; });
}

template <class Group>
class TargetPath {
  template <class T>
  using Array = typename Group::template Array<T>;

 public:
  SPLICE_KERNEL TargetPath(Group& group_, const TargetArgs& args_, const TargetMemory& m, const float* z_)
      : group(group_),
        args(args_),
        z(z_),
        inverse(group_, m.inverse, args_.support),
        columns(group_.array(m.columns, static_cast<std::int64_t>(args_.support) * args_.candidates)),
        weights(group_.array(m.weights, args_.support)),
        rates(group_.array(m.rates, args_.support)),
        quotients(group_.array(m.quotients, args_.support)),
        right(group_.array(m.right, args_.support)),
        change(group_.array(m.change, args_.support)),
        products(group_.array(m.products, args_.candidates)),
        factors(group_.array(m.factors, args_.candidates)),
        candidates(group_.array(m.atoms, args_.candidates)),
        slot_of(group_.array(m.slot_of, args_.candidates)),
        barred(group_.array(m.barred, args_.candidates)),
        exchanges(group_.array(m.exchanges, args_.candidates)),
        place(group_.array(m.place, args_.support)),
        column(group_.array(m.column, args_.support)) {
    z_dot_z = squared_norm(group, args.atoms.ld, z);
    group.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int s = lane; s < args.support; s += Group::size) column[s] = s;
    });
  }

  SPLICE_KERNEL int size() const { return candidate_count; }
  /// The next candidate's place, and those behind it: to be filled, with a barrier afterwards, before they `join`.
  SPLICE_KERNEL void put_candidate(int at, std::int32_t atom) { candidates[candidate_count + at] = atom; }
  SPLICE_KERNEL void join(int count) {
    multiply_candidates(group, float_atoms(args.atoms), candidates, candidate_count, count, z, products, candidate_count);
    candidate_count += count;
    group.sync();
  }

  /// To lambda = wanted; 0: from lambda_max down to the target, wherever that is. Weights are those there.
  /// @returns where the way to the target ended
  SPLICE_KERNEL PathEnd go_to(double wanted) {
    const bool to_target = !(wanted > 0);
    PathEnd end = PathEnd::empty;
    if (to_target || wanted > segment_lambda) restart();
    if (lambda_ > wanted) end = follow(wanted);
    if (!to_target) lambda_ = wanted;
    solve();
    return end;
  }

  SPLICE_KERNEL double lambda() const { return lambda_; }
  SPLICE_KERNEL double square_of_z() const { return z_dot_z; }
  SPLICE_KERNEL int pivots() const { return pivot_count; }

  /// The support at lambda().
  SPLICE_KERNEL int support_size() const { return inverse.size(); }
  SPLICE_KERNEL std::int32_t atom(int s) const { return candidates[place[s]]; }
  /// 0 where rounding has turned its sign.
  SPLICE_KERNEL double weight(int s) const {
    const double w = weights[s];
    return w * static_cast<double>(quotients[s]) > 0 ? w : 0.0;
  }

  /// One Newton step from residual = z - C'w, which takes out what the inverse has lost.
  /// @returns whether there was anything to take out
  template <class Residual>
  SPLICE_KERNEL bool newton_step(const Residual& residual) {
    const int count = inverse.size();
    dot_atoms<double>(
        group, float_atoms(args.atoms), count, [&](int s) -> std::int64_t { return atom(s); }, residual,
        [&](int s, double product) { right[s] = product - lambda_ * static_cast<double>(quotients[s]); });
    group.sync();
    const double worst = group.template max<double>([&](int lane) SPLICE_INLINED {
      double largest = 0;
      SPLICE_NO_UNROLL
      for (int s = lane; s < count; s += Group::size) {
        const double slack = std::abs(static_cast<double>(right[s]) / static_cast<double>(quotients[s]));
        largest = slack > largest ? slack : largest;
      }
      return largest;
    });
    if (!(worst > math::path_newton_tolerance * lambda_)) return false;
    inverse.multiply([&](int t) -> double { return right[t]; }, [&](int t) -> double { return right[t]; },
                     [&](int s, double step, double) { weights[s] += step; });
    group.sync();
    return true;
  }

  /// Scratch of [support] for others, between calls.
  SPLICE_KERNEL const Array<double>& scratch() const { return change; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr int at_once = 4;  // candidates whose loads are on their way together

  struct Event {
    double step = infinity;  ///< by which lambda falls until then
    int place = -1;          ///< a slot that leaves, or a candidate that enters
    bool leaves = false;
    bool turned = false;     ///< enters with its sign turned
  };

  /// Before anything of the path is known; candidates have their products.
  SPLICE_KERNEL void restart() {
    inverse.clear();
    support_number = 1;
    square = 0;
    const double largest = group.template max<double>([&](int lane) SPLICE_INLINED {
      double most = 0;
      SPLICE_NO_UNROLL
      for (int i = lane; i < candidate_count; i += Group::size) {
        const double size = path_inverse_weight(args.problem, static_cast<std::int32_t>(candidates[i]));
        const double product = products[i];
        const double factor = product < 0 && !args.problem.nonnegative ? -size : size;
        factors[i] = factor;
        slot_of[i] = -1;
        barred[i] = 0;
        exchanges[i] = 0;
        most = factor * product > most ? factor * product : most;
      }
      return most;
    });
    lambda_ = lambda_max = segment_lambda = largest;
    group.sync();
  }

  /// @param stop  where to end, whatever is met on the way; 0: at the target
  SPLICE_KERNEL PathEnd follow(double stop) {
    const double floor = stop > 0 ? stop : math::path_floor * lambda_max;
    const int most_idle = 2 * args.candidates + 20;
    const int most_knots = 2 * args.candidates + 40 * args.support + 500;
    int idle = 0;
    SPLICE_NO_UNROLL
    for (int knots = 0; knots < most_knots && lambda_ > floor; ++knots) {
      solve();
      const Event event = next_event();
      const double left = lambda_ - floor;
      const double step = event.step < left ? event.step : left;
      if (!(stop > 0) && args.cosine > 0 && inverse.size() > 0) {
        const math::Segment segment = segment_here();
        const double reached = segment.reaches(args.cosine, z_dot_z);
        if (reached <= step) {
          lambda_ -= reached;
          return PathEnd::target;
        }
        square = segment.square_after(step);
      }
      const double before = lambda_;
      lambda_ -= step;
      if (!(event.step < left)) return PathEnd::floor;
      if (event.leaves) {
        remove(event.place);
      } else {
        const Entry entry = enter(event.place, event.turned, before);
        if (entry == Entry::beyond_target) return PathEnd::target;
        if (entry == Entry::barred) continue;
      }
      ++support_number;
      segment_lambda = lambda_;
      // Ties and rounding can hold a path at one knot: step over it.
      idle = step > math::idle_step * lambda_ ? 0 : idle + 1;
      if (idle <= most_idle) continue;
      idle = 0;
      lambda_ *= 1 - math::idle_way_out;
    }
    return lambda_ > floor ? PathEnd::gave_up : PathEnd::floor;
  }

  /// weights and rates at lambda.
  SPLICE_KERNEL void solve() {
    if (inverse.size() == 0) return;
    group.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int s = lane; s < inverse.size(); s += Group::size) {
        right[s] = static_cast<double>(products[place[s]]) - lambda_ * static_cast<double>(quotients[s]);
      }
    });
    group.sync();
    inverse.multiply([&](int t) -> double { return right[t]; }, [&](int t) -> double { return quotients[t]; },
                     [&](int s, double weight, double rate) {
                       weights[s] = weight;
                       rates[s] = rate;
                     });
    group.sync();
  }

  /// sum x and its slope along the segment that begins here.
  SPLICE_KERNEL math::Segment segment_here() {
    math::Segment segment{lambda_, square, 0, 0};
    segment.sum = sum_of_quotients_with(weights);
    segment.slope = sum_of_quotients_with(rates);
    return segment;
  }
  SPLICE_KERNEL double sum_of_quotients_with(const Array<double>& values) {
    return group.template sum<double>([&](int lane) SPLICE_INLINED {
      double sum = 0;
      SPLICE_NO_UNROLL
      for (int s = lane; s < inverse.size(); s += Group::size) {
        sum = std::fma(static_cast<double>(values[s]), static_cast<double>(quotients[s]), sum);
      }
      return sum;
    });
  }

  static SPLICE_KERNEL double step_to(double left, double rate) {
    if (!(rate > 0)) return infinity;
    return (left > 0 ? left : 0.0) / rate;
  }

  /// An atom that leaves at the same lambda as another enters goes first: it makes room.
  SPLICE_KERNEL Event next_event() {
    Event event;
    const auto leaving = [&](int s) {
      const double quotient = quotients[s];
      return step_to(static_cast<double>(weights[s]) * quotient, -static_cast<double>(rates[s]) * quotient);
    };
    const int slot = group.template place_of_lowest<double>(inverse.size(), leaving, infinity);
    if (slot >= 0) event = {leaving(slot), slot, true, false};
    struct Entering {
      double step;
      int place;
      bool turned;
    };
    typename Group::template PerLane<Entering> first;
    group.each([&](int lane) SPLICE_INLINED {
      Entering own{event.step, candidate_count, false};
      SPLICE_NO_UNROLL
      for (int from = lane; from < candidate_count; from += at_once * Group::size) {
        double correlation[at_once];
        double rate[at_once];
        int at[at_once];
        SPLICE_UNROLL
        for (int u = 0; u < at_once; ++u) {  // past the end: the first one again
          at[u] = from + u * Group::size < candidate_count ? from + u * Group::size : from;
          correlation[u] = products[at[u]];
          rate[u] = 0;
        }
        SPLICE_NO_UNROLL
        for (int s = 0; s < inverse.size(); ++s) {
          const std::int64_t row = static_cast<std::int64_t>(column[s]) * args.candidates;
          const double w = weights[s];
          const double v = rates[s];
          SPLICE_UNROLL
          for (int u = 0; u < at_once; ++u) {
            const double gram = columns[row + at[u]];
            correlation[u] = std::fma(-gram, w, correlation[u]);
            rate[u] = std::fma(gram, v, rate[u]);
          }
        }
        SPLICE_UNROLL
        for (int u = 0; u < at_once; ++u) {
          if (slot_of[at[u]] >= 0 || barred[at[u]] == support_number) continue;
          const double factor = factors[at[u]];
          const double slack = lambda_ - factor * correlation[u];
          const double step = step_to(slack, 1 - factor * rate[u]);
          if (step < own.step) own = {step, at[u], false};
          if (args.problem.nonnegative) continue;
          const double other = step_to(2 * lambda_ - slack, 1 + factor * rate[u]);
          if (other < own.step) own = {other, at[u], true};
        }
      }
      first[lane] = own;
    });
    const double least = group.template min<double>([&](int lane) { return first[lane].step; });
    if (!(least < event.step)) return event;
    const int next =
        group.template min<int>([&](int lane) { return first[lane].step == least ? first[lane].place : candidate_count; });
    const int turned = group.template max<int>([&](int lane) { return first[lane].place == next && first[lane].turned ? 1 : 0; });
    return {least, next, false, turned != 0};
  }

  /// change = H g for the products g of candidate k with the support. @returns what its squared norm is beyond the support's span
  SPLICE_KERNEL double project(int k, double norm_square) {
    group.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int s = lane; s < inverse.size(); s += Group::size) {
        right[s] = static_cast<double>(columns[static_cast<std::int64_t>(column[s]) * args.candidates + k]);
      }
    });
    group.sync();
    inverse.multiply([&](int t) -> double { return right[t]; }, [&](int t) -> double { return right[t]; },
                     [&](int s, double product, double) { change[s] = product; });
    group.sync();
    return norm_square - group.template sum<double>([&](int lane) SPLICE_INLINED {
      double sum = 0;
      SPLICE_NO_UNROLL
      for (int s = lane; s < inverse.size(); s += Group::size) {
        sum = std::fma(static_cast<double>(right[s]), static_cast<double>(change[s]), sum);
      }
      return sum;
    });
  }

  enum class Entry : std::int32_t { changed, barred, beyond_target };

  /// Candidate k enters; if it depends on the support, in the place of the atom that blocks its way.
  /// @param solved  lambda for which weights are known
  SPLICE_KERNEL Entry enter(int k, bool turned, double solved) {
    const float* values = args.atoms.atoms + static_cast<std::int64_t>(candidates[k]) * args.atoms.ld;
    const double norm_square = squared_norm(group, args.atoms.ld, values);
    const double least = math::path_pivot_floor * norm_square;
    const double factor = turned ? -static_cast<double>(factors[k]) : static_cast<double>(factors[k]);
    const int times = exchanges[k];
    double pivot = project(k, norm_square);
    if (pivot > least && args.l0 > 0 && inverse.size() >= args.l0) return Entry::beyond_target;
    group.once([&] { factors[k] = factor; });
    if (!(pivot > least && inverse.size() < args.support)) {
      const int blocking = times < math::most_exchanges ? blocking_slot(factor, solved - lambda_) : -1;
      group.once([&] { (blocking < 0 ? barred[k] : exchanges[k]) = blocking < 0 ? support_number : times + 1; });
      if (blocking < 0) return Entry::barred;
      remove(blocking);
      pivot = project(k, norm_square);
      if (!(pivot > least)) return Entry::changed;  // the support is smaller; k may enter at the next event
    }
    add(k, values, factor, pivot);
    return Entry::changed;
  }

  /// The slot whose atom reaches 0 first when the one whose `change` is known grows; -1 where none falls.
  /// @param step  by which lambda fell since weights were made
  SPLICE_KERNEL int blocking_slot(double factor, double step) {
    return group.template place_of_lowest<double>(
        inverse.size(),
        [&](int s) {
          const double quotient = quotients[s];
          const double slope = -static_cast<double>(change[s]) * quotient * factor;
          if (!(slope < static_cast<double>(math::least_slope))) return infinity;
          return (static_cast<double>(weights[s]) + step * static_cast<double>(rates[s])) * quotient / -slope;
        },
        infinity);
  }

  SPLICE_KERNEL void add(int k, const float* values, double factor, double pivot) {
    const int slot = inverse.size();
    const std::int64_t row = static_cast<std::int64_t>(column[slot]) * args.candidates;
    multiply_candidates(group, float_atoms(args.atoms), candidates, 0, candidate_count, values, columns, row);
    inverse.border([&](int s) -> double { return change[s]; }, pivot);
    group.once([&] {
      place[slot] = k;
      slot_of[k] = slot;
      quotients[slot] = 1 / factor;
    });
    ++pivot_count;
    group.sync();
  }

  /// Slot s leaves, and the last one takes its number.
  SPLICE_KERNEL void remove(int s) {
    const int last = inverse.size() - 1;
    const std::int32_t leaving = place[s];
    const std::int32_t moving = place[last];
    const std::int32_t free = column[s];
    const std::int32_t kept = column[last];
    const double quotient = quotients[last];
    inverse.remove(s, right);
    group.once([&] {
      slot_of[moving] = s;
      slot_of[leaving] = -1;
      place[s] = moving;
      column[s] = kept;
      column[last] = free;
      quotients[s] = quotient;
    });
    ++pivot_count;
    group.sync();
  }

  Group& group;
  const TargetArgs& args;
  const float* z;
  SupportInverse<Group> inverse;
  Array<double> columns;
  Array<double> weights;
  Array<double> rates;
  Array<double> quotients;
  Array<double> right;
  Array<double> change;
  Array<double> products;
  Array<double> factors;
  Array<std::int32_t> candidates;
  Array<std::int32_t> slot_of;
  Array<std::int32_t> barred;
  Array<std::int32_t> exchanges;
  Array<std::int32_t> place;
  Array<std::int32_t> column;
  int candidate_count = 0;
  int pivot_count = 0;
  int support_number = 0;      ///< counts the supports of a path: atoms are barred from one of them
  double z_dot_z = 0;
  double lambda_ = 0;
  double lambda_max = 0;
  double segment_lambda = 0;   ///< where the support has changed for the last time
  double square = 0;           ///< |C'w|^2 there, where a cosine is asked for
};

}  // namespace splice_cuda::cuda
