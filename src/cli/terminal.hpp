#pragma once

/// @file terminal.hpp
/// What the user looks at.

namespace splice_cuda::cli::terminal {

bool stderr_is_terminal() noexcept;

/// Columns of text: $COLUMNS, else the terminal's width, else 80; within [40, 400].
int width() noexcept;

}  // namespace splice_cuda::cli::terminal
