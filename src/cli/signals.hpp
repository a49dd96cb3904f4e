#pragma once

/// @file signals.hpp
/// Ctrl-C and its relatives become a request that long work asks about; nothing is torn down in a handler.

namespace splice_cuda::cli::signals {

/// SIGINT, SIGTERM and SIGHUP set a flag; the second one ends the process at once, after removing temporary
/// files. SIGXFSZ is ignored: a file size limit then is a failed write like a full disk.
void install();

/// True once a signal has come. Cheap.
bool stop_requested() noexcept;

/// @throws CancelledError once a signal has come.
void throw_if_stop_requested();

/// 128 + the signal that came (130 before any).
int exit_code() noexcept;

}  // namespace splice_cuda::cli::signals
