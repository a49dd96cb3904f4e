#pragma once

/// @file privileges.hpp
/// File permissions and sizes that bind a test, also where it runs as root.

#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

namespace splice_cuda::testing {

/// While it lives, root has to obey permissions as everybody does: the calling thread lays down the two
/// capabilities that override them.
class PermissionsCount {
 public:
  PermissionsCount() {
    exchange(SYS_capget, before_);
    __user_cap_data_struct without[2] = {before_[0], before_[1]};
    without[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
    exchange(SYS_capset, without);
  }
  ~PermissionsCount() {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    ::syscall(SYS_capset, &header, before_);
  }
  PermissionsCount(const PermissionsCount&) = delete;
  PermissionsCount& operator=(const PermissionsCount&) = delete;

 private:
  static void exchange(long call, __user_cap_data_struct* data) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    if (::syscall(call, &header, data) != 0)
      throw std::runtime_error("capabilities can't be read or laid down");
  }
  __user_cap_data_struct before_[2] = {};
};

/// While it lives, writing a file beyond `bytes` fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("no limit of file sizes");
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

}  // namespace splice_cuda::testing
