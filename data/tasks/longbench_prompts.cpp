#include "data/tasks/longbench_prompts.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "configs/run.h"
#include "data/tokenizers/json_members.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kForms = "dataset2prompt.json";
constexpr const char* kLengths = "dataset2maxlen.json";
constexpr int64_t kMostTokens = 1 << 20;

// As published (THUDM/LongBench @ 2e00731f): the first 16 hex digits of the template's SHA-256, the answer's tokens, and whether pred.py leaves
// the chat template away.
struct Published {
  const char* task;
  const char* sha256;
  int64_t max_tokens;
  bool plain = false;
};
constexpr std::array<Published, 16> kPublished = {{
    {"narrativeqa", "aada7ed24b06abac", 128},
    {"qasper", "0fbdd123fe7f83d6", 128},
    {"multifieldqa_en", "20b4666a2de8a1f7", 64},
    {"hotpotqa", "9ec4ae308865bd0c", 32},
    {"2wikimqa", "9ec4ae308865bd0c", 32},
    {"musique", "9ec4ae308865bd0c", 32},
    {"gov_report", "91c25d585b189ced", 512},
    {"qmsum", "dca23b678fe0183b", 512},
    {"multi_news", "2af3f28c40b902e6", 512},
    {"trec", "0eff8bebdba99d91", 64, true},
    {"triviaqa", "00a802e6377e72fc", 32, true},
    {"samsum", "a68d884234907eef", 128, true},
    {"passage_count", "986550b6c61009c6", 32},
    {"passage_retrieval_en", "39b96b7fa52bdd2a", 32},
    {"lcc", "6a1f24cf0bb83cd9", 64, true},
    {"repobench-p", "ee9ec182ea5ffeb7", 64, true},
}};

const Published& published(const std::string& task) {
  const auto* found = std::find_if(kPublished.begin(), kPublished.end(), [&](const Published& one) { return one.task == task; });
  if (found == kPublished.end()) throw std::logic_error(task + " is no English task of LongBench");
  return *found;
}

std::string sha256_start(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string digits;
  for (size_t i = 0; i < 8; ++i) digits += fmt::format("{:02x}", digest[i]);
  return digits;
}

// Every model line of an evaluation opens the same files: a difference is told once.
void tell(const std::string& difference) {
  static std::set<std::string> told;
  if (told.insert(difference).second) std::cerr << "smooth: warning: " << difference << "; it is used as it is\n";
}

void compare(const std::string& task, const std::string& form, int64_t max_tokens, const fs::path& folder) {
  const Published& known = published(task);
  if (const std::string came = sha256_start(form); came != known.sha256) {
    tell(fmt::format("{}: {}: the template is not the published one: expected SHA-256 {}..., came {}...", (folder / kForms).string(), task, known.sha256, came));
  }
  if (max_tokens != known.max_tokens) {
    tell(fmt::format("{}: {}: the answer's length is not the published one: expected {}, came {}", (folder / kLengths).string(), task, known.max_tokens, max_tokens));
  }
}

Json read_table(const fs::path& file) {
  if (!fs::exists(file)) throw std::runtime_error(file.string() + ": no such file; expected the folder config of LongBench's repository (THUDM/LongBench)");
  Json table = parse_json(read_file(file), file.string());
  if (!table.is_object()) throw std::runtime_error(file.string() + ": expected a JSON object with a value for each task");
  return table;
}

const Json& entry(const Json& table, const std::string& task, const fs::path& file) {
  const auto found = table.find(task);
  if (found == table.end()) throw std::runtime_error(fmt::format("{}: has no {}; leave it out of longbench.tasks, or add it", file.string(), task));
  return *found;
}

}  // namespace

std::string fill_in(const std::string& form, const LongBenchRecord& record) {
  std::string text;
  for (size_t at = 0; at < form.size();) {
    const char c = form[at];
    if (c != '{' && c != '}') {
      text += form[at++];
    } else if (form.substr(at + 1, 1) == std::string(1, c)) {
      text += c;
      at += 2;
    } else {
      const size_t end = form.find('}', at);
      const std::string field = c == '}' || end == std::string::npos ? "" : form.substr(at, end + 1 - at);
      if (field != "{context}" && field != "{input}") {
        throw std::runtime_error(fmt::format("expected {{context}} and {{input}} as the only fields, found {} at byte {}", field.empty() ? "a single " + std::string(1, c) : field, at));
      }
      text += field == "{context}" ? record.context : record.input;
      at = end + 1;
    }
  }
  return text;
}

LongBenchPrompts::LongBenchPrompts(const fs::path& folder, const std::vector<std::string>& tasks, int64_t max_length) : max_length_(max_length) {
  const Json forms = read_table(folder / kForms), lengths = read_table(folder / kLengths);
  for (const std::string& task : tasks) {
    const Json &form = entry(forms, task, folder / kForms), &length = entry(lengths, task, folder / kLengths);
    if (!form.is_string()) throw std::runtime_error(fmt::format("{}: {}: expected a text, got {}", (folder / kForms).string(), task, form.dump()));
    if (!length.is_number_integer() || length < 1 || length > kMostTokens) {
      throw std::runtime_error(fmt::format("{}: {}: expected a number of tokens from 1 to {}, got {}", (folder / kLengths).string(), task, kMostTokens, length.dump()));
    }
    forms_[task] = {form.get<std::string>(), length.get<int64_t>()};
    try {
      fill_in(forms_[task].text, {});
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {}: {}", (folder / kForms).string(), task, error.what()));
    }
    compare(task, forms_[task].text, forms_[task].max_tokens, folder);
  }
}

Prompt LongBenchPrompts::prompt(const std::string& task, const LongBenchRecord& record, const Tokenizer& tokenizer) const {
  const Form& form = forms_.at(task);
  Prompt prompt{.text = fill_in(form.text, record), .plain = published(task).plain, .one_line = task == "samsum", .max_tokens = form.max_tokens};
  const std::vector<int64_t> ids = tokenizer.encode_framed(prompt.text);
  if (std::ssize(ids) > max_length_) {
    const int64_t half = max_length_ / 2;
    prompt.text = tokenizer.decode_without_specials({ids.begin(), ids.begin() + half}) + tokenizer.decode_without_specials({ids.end() - half, ids.end()});
  }
  return prompt;
}

std::string LongBenchPrompts::checksum_of(const std::string& task) const {
  const Form& form = forms_.at(task);
  return checksum(fmt::format("{} {} {}", form.max_tokens, max_length_, form.text));
}

}  // namespace smooth
