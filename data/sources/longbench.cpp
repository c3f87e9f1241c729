#include "data/sources/longbench.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

#include "data/sources/formats.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

constexpr int64_t kMaxField = 64 << 20;  // bytes: the longest context has some 3 MB
constexpr std::array kLanguages = {"en", "python", "java", "csharp", "c#", "cs"};

// A member of a zip archive, unpacked; its sum is checked.
std::string unpacked(const fs::path& archive, const std::string& member) {
  int code = 0;
  const std::unique_ptr<zip_t, decltype(&zip_discard)> zip(zip_open(archive.c_str(), ZIP_RDONLY, &code), &zip_discard);
  if (!zip) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw std::runtime_error(archive.string() + ": cannot be opened as a zip archive: " + reason);
  }
  zip_stat_t about;
  if (zip_stat(zip.get(), member.c_str(), 0, &about) != 0) throw std::runtime_error(archive.string() + ": has no " + member + "; is it LongBench's data.zip?");
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(zip.get(), about.index, 0), &zip_fclose);
  std::string text(about.size, '\0');
  // One byte more than there should be: reading to the end is what checks the sum.
  char beyond = 0;
  const bool whole = file && zip_fread(file.get(), text.data(), text.size()) == static_cast<zip_int64_t>(text.size()) && zip_fread(file.get(), &beyond, 1) == 0;
  if (!whole) throw std::runtime_error(archive.string() + ": " + member + " is damaged; fetch the archive again");
  return text;
}

LongBenchRecord record_of(const Record& json) {
  LongBenchRecord record{.id = text_field(json, "_id"), .input = text_field(json, "input"), .context = text_field(json, "context"),
                         .language = text_field(json, "language"), .answers = texts_field(json, "answers"), .classes = {}};
  const Record& length = field(json, "length");
  if (!length.is_number_integer()) throw BadRecord("length: expected a whole number, got " + length.dump());
  record.length = length.get<int64_t>();
  if (record.answers.empty()) throw BadRecord("answers: is empty; a record has at least one");
  if (has_field(json, "all_classes")) record.classes = texts_field(json, "all_classes");
  if (std::find(kLanguages.begin(), kLanguages.end(), record.language) == kLanguages.end()) {
    throw BadRecord("language: expected en or that of some code, got \"" + record.language + "\"; the sixteen English tasks are evaluated");
  }
  return record;
}

// `name` is the file's, for messages.
std::vector<LongBenchRecord> parse(std::istream& lines, const std::string& name) {
  std::vector<LongBenchRecord> records;
  std::set<std::string> ids;
  BadRows bad(/*skip=*/false);
  Intake intake(name, kMaxField, bad, [&](Record& json) {
    records.push_back(record_of(json));
    if (!ids.insert(records.back().id).second) throw BadRecord("_id: " + records.back().id + " is there twice");
    return true;
  });
  read_jsonl(lines, intake);
  if (records.empty()) throw std::runtime_error(name + ": holds no record");
  return records;
}

}  // namespace

std::vector<LongBenchRecord> read_longbench(const fs::path& from, const std::string& task, bool e) {
  const std::string file = task + (e ? "_e.jsonl" : ".jsonl");
  if (fs::is_regular_file(from)) {
    std::istringstream lines(unpacked(from, "data/" + file));
    return parse(lines, from.string() + ":data/" + file);
  }
  for (const fs::path& path : {from / file, from / "data" / file}) {
    if (!fs::exists(path)) continue;
    std::ifstream lines(path);
    if (!lines) throw std::runtime_error(path.string() + ": cannot be opened");
    return parse(lines, path.string());
  }
  throw std::runtime_error(fmt::format("{}: expected LongBench's data.zip, or a folder with {} in it or in its folder data; ./smooth data fetch longbench tells "
                                       "where it is", from.string(), file));
}

}  // namespace smooth
