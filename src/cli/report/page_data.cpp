#include "cli/report/page_data.hpp"

#include <algorithm>
#include <set>
#include <system_error>

#include "cli/listing.hpp"
#include "cli/report/html_text.hpp"
#include "cli/report/picture_data.hpp"
#include "cli/signals.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

std::filesystem::path found_picture(const std::string& path, const std::filesystem::path& document) {
  std::error_code ignored;
  const std::filesystem::path beside = document.parent_path() / path;
  return !std::filesystem::exists(path, ignored) && std::filesystem::exists(beside, ignored) ? beside : std::filesystem::path(path);
}

/// Pictures by path, each once.
class Pictures {
 public:
  Pictures(std::int64_t most, PageData& counts) : most_(most), counts_(counts) {}

  void add(const std::string& path, const std::filesystem::path& document) {
    if (static_cast<std::int64_t>(json_.size()) >= most_ || json_.contains(path)) return;
    signals::throw_if_stop_requested();
    const std::filesystem::path file = found_picture(path, document);
    try {
      json_[path] = {{"uri", thumbnail_data(file).uri}};
      ++counts_.pictures;
    } catch (const CancelledError&) {
      throw;
    } catch (const Error& error) {
      json_[path] = {{"missing", without_folder(error.what(), file)}};
      ++counts_.missing;
    }
  }

  const nlohmann::json& json() const { return json_; }

 private:
  std::int64_t most_;
  PageData& counts_;
  nlohmann::json json_ = nlohmann::json::object();  // sorted: looked up for each picture
};

Json shortened(Json table, std::int64_t most_rows) {
  Json& rows = table["rows"];
  const std::size_t total = rows.size();
  if (static_cast<std::int64_t>(total) > most_rows) rows.erase(rows.begin() + most_rows, rows.end());
  table["total"] = total;
  return table;
}

void add_pictures(const ResultTable& table, const PageDocument& document, std::int64_t most_rows, Pictures& pictures) {
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (table.columns[column].kind != ColumnKind::picture) continue;
    const std::size_t rows = std::min(table.rows.size(), static_cast<std::size_t>(most_rows));
    for (std::size_t row = 0; row < rows; ++row) {
      const Json& cell = table.rows[row][column];
      if (cell.is_string()) pictures.add(cell.get<std::string>(), document.path);
    }
  }
}

std::string inside_script(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') text += "\\u003c";
    else text += c;
  }
  return text;
}

}  // namespace

std::vector<std::filesystem::path> picture_places(const std::vector<PageDocument>& documents) {
  std::set<std::filesystem::path> places;
  for (const PageDocument& item : documents) {
    for (const ResultTable& table : item.document.tables) {
      for (std::size_t column = 0; column < table.columns.size(); ++column) {
        if (table.columns[column].kind != ColumnKind::picture) continue;
        for (const auto& row : table.rows) {
          if (!row[column].is_string()) continue;
          const std::filesystem::path path = row[column].get<std::string>();
          places.insert({path, item.path.parent_path() / path});
        }
      }
    }
  }
  return {places.begin(), places.end()};
}

PageData page_data(const std::vector<PageDocument>& documents, const PageLimits& limits) {
  PageData data;
  Pictures pictures(limits.pictures, data);
  Json content = {{"documents", Json::array()}};
  for (const PageDocument& item : documents) {
    Json whole = to_json(item.document);
    Json tables = Json::array();
    for (Json& table : whole["tables"]) tables.push_back(shortened(std::move(table), limits.table_rows));
    for (const ResultTable& table : item.document.tables) add_pictures(table, item, limits.table_rows, pictures);
    content["documents"].push_back({{"tables", std::move(tables)}, {"charts", std::move(whole["charts"])}});
  }
  content["pictures"] = pictures.json();
  data.json = inside_script(json_text(content));
  return data;
}

}  // namespace splice_cuda::cli
