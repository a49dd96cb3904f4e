#pragma once

/// @file terminal.hpp
/// What stdout and stderr are connected to.

namespace splice_cuda::cli::terminal {

bool stdout_is_terminal() noexcept;
bool stderr_is_terminal() noexcept;

/// Columns of text: $COLUMNS, else the terminal's width, else 80; within [40, 400].
int width() noexcept;

/// Colour on stdout: only on a terminal, and neither with NO_COLOR set (no-color.org) nor TERM=dumb.
bool use_color() noexcept;

}  // namespace splice_cuda::cli::terminal
