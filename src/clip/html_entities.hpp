#pragma once

/// @file html_entities.hpp
/// Named character references of HTML.

#include <optional>
#include <string_view>

namespace splice_cuda::clip {

/// What the reference stands for (UTF-8). `name` is without "&", and with ";" where it has one: some exist in
/// both forms.
std::optional<std::string_view> html_entity(std::string_view name);

/// As above for names in capitals that HTML does not know and ftfy decodes ("NTILDE;").
std::optional<std::string_view> capital_entity(std::string_view name);

}  // namespace splice_cuda::clip
