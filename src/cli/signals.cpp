#include "cli/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "io/atomic_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli::signals {
namespace {

std::atomic<int> received_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

constexpr int exit_code_of_signal_zero = 128;  // the shells' convention: 128 + signal number

void on_signal(int signal_number) {
  int none = 0;
  if (received_signal.compare_exchange_strong(none, signal_number)) return;
  io::remove_temporary_files();
  _exit(exit_code_of_signal_zero + signal_number);
}

void handle(int signal_number) {
  struct sigaction current = {};
  sigaction(signal_number, nullptr, &current);
  // A command started by nohup, or in the background of a script, keeps ignoring what it was told to ignore.
  if (current.sa_handler == SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace

void install() {
  handle(SIGINT);
  handle(SIGTERM);
  handle(SIGHUP);
  signal(SIGXFSZ, SIG_IGN);
}

bool stop_requested() noexcept { return received_signal.load(std::memory_order_relaxed) != 0; }

void throw_if_stop_requested() {
  if (stop_requested()) throw CancelledError("interrupted");
}

int exit_code() noexcept {
  const int signal_number = received_signal.load(std::memory_order_relaxed);
  return exit_code_of_signal_zero + (signal_number == 0 ? SIGINT : signal_number);
}

}  // namespace splice_cuda::cli::signals
