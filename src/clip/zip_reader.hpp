#pragma once

/// @file zip_reader.hpp
/// libzip on a file that is open already.

#include <string>

#include <zip.h>

#include "io/mapped_file.hpp"

namespace splice_cuda::clip {

/// Opens the archive for reading, with libzip's checks of consistency. Every byte comes by
/// MappedFile::read_at of `file`, which must outlive the archive: what stands at its path by then does not
/// matter.
/// @returns null, with the reason in `why`, where it is no sound archive
zip_t* open_zip(const io::MappedFile& file, std::string& why);

/// Readers differ in which end of the central directory they take where there are several. @returns whether
/// the last bytes of the file are one without comment, and no earlier one could be taken for the end
bool has_one_end(const io::MappedFile& file);

}  // namespace splice_cuda::clip
