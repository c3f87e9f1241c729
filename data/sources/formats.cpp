#include "data/sources/formats.h"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace smooth {

void read_records(const std::filesystem::path& file, const std::vector<std::string>& columns, const std::string& member, Intake& intake) {
  const std::string extension = file.extension();
  if (extension == ".parquet") return intake.whole_file([&] { read_parquet(file, columns, intake); });
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string() + ": " + std::generic_category().message(errno));
  intake.whole_file([&] {
    if (extension == ".jsonl") {
      read_jsonl(in, intake);
    } else if (extension == ".json") {
      read_json_array(in, member, intake);
    } else if (extension == ".csv") {
      read_csv(in, columns, intake);
    } else if (extension == ".label" || extension == ".txt") {
      read_lines(in, intake);
    } else {
      throw std::runtime_error(file.string() + ": raw sets are read from .parquet, .jsonl, .json, .csv, .label or .txt");
    }
  });
}

}  // namespace smooth
