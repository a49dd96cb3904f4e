#include "cuda/emulation/access_monitor.hpp"

namespace splice_cuda::emulation {
namespace {

void note(std::int64_t& counter, const std::string& what) {
  if (faults().total() == 0) faults().first = what;
  ++counter;
  if (faults().stop_at_first) throw FaultFound();
}

}  // namespace

Faults& faults() {
  static Faults all;
  return all;
}

Barriers& barriers() {
  static Barriers all;
  return all;
}

void AccessMonitor::race(const char* what) {
  note(faults().races, std::string(what) + " without a barrier, lane " + std::to_string(lane_));
}

void AccessMonitor::report_out_of_bounds(std::int64_t index, std::int64_t count) {
  note(faults().out_of_bounds, "index " + std::to_string(index) + " of " + std::to_string(count) + " elements");
}

void AccessMonitor::report_divergence(const char* what) {
  note(faults().divergent_collectives, std::string(what) + " inside a phase");
}

void AccessMonitor::read(const void* address, bool shared) {
  const auto [place, added] = cells_.try_emplace(address);
  Cell& cell = place->second;
  if (added && shared) note(faults().unwritten_reads, "a read of shared memory that nobody wrote");
  if (cell.being_copied_to) note(faults().unfinished_copies, "a read of what is being copied");
  if (cell.write_epoch == epoch_ && cell.writer != lane_) race("a read of what another lane wrote");
  if (cell.read_epoch != epoch_) {
    cell.read_epoch = epoch_;
    cell.reader = lane_;
    cell.many_readers = lane_ == every_lane;
  } else if (cell.reader != lane_) {
    cell.many_readers = true;
  }
}

void AccessMonitor::write(const void* address) {
  Cell& cell = cells_[address];
  if (lane_ < 0) race("a write by all lanes");
  if (cell.being_copied_to) note(faults().unfinished_copies, "a write to what is being copied");
  if (cell.products > 0) note(faults().unfinished_products, "a write to what a product reads");
  if (cell.write_epoch == epoch_ && cell.writer != lane_) race("two writes");
  if (cell.read_epoch == epoch_ && (cell.many_readers || cell.reader != lane_)) race("a write of what another lane read");
  cell.write_epoch = epoch_;
  cell.writer = lane_;
  cell.written = writes_;
}

void AccessMonitor::begin_copy(const void* address) {
  write(address);
  cells_[address].being_copied_to = true;
}

void AccessMonitor::end_copy(const void* address, int lane) {
  Cell& cell = cells_[address];
  cell.being_copied_to = false;
  cell.write_epoch = epoch_;
  cell.writer = lane;
  cell.written = writes_;
}

void AccessMonitor::begin_product(const void* address) {
  read(address, true);
  Cell& cell = cells_[address];
  if (cell.written >= seen_by_products_) note(faults().unpublished_reads, "a product of what was not published to products");
  ++cell.products;
}

void AccessMonitor::end_product(const void* address) {
  --cells_[address].products;
  read(address, true);  // which it may have done just now
}

void AccessMonitor::report_unfinished_products(std::size_t count) {
  note(faults().unfinished_products, std::to_string(count) + " products that nobody waited for");
}

void AccessMonitor::report_misaligned_operand() {
  note(faults().misaligned_accesses, "an operand of a product that is not aligned to 1,024 bytes");
}

void AccessMonitor::report_unfinished_copies(std::size_t count) {
  note(faults().unfinished_copies, std::to_string(count) + " copies that nobody waited for");
}

void AccessMonitor::report_misaligned_access() {
  note(faults().misaligned_accesses, "16 bytes at once that are not aligned to 16, lane " + std::to_string(lane_));
}

}  // namespace splice_cuda::emulation
