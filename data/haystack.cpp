#include "data/haystack.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "configs/run.h"
#include "data/sources/sets.h"
#include "data/words.h"

namespace smooth {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// Bounds the redraws of what must be new, in the split and free of clashes: a space of names that is exhausted is an
// error.
constexpr int kMaxDraws = 100000;

std::vector<std::string> adjective_noun_pairs(const NiahConfig& config) {
  const auto first = [](const std::vector<std::string>& list, int64_t count, const std::string& name) {
    if (count > static_cast<int64_t>(list.size())) {
      throw std::invalid_argument("niah: " + std::to_string(count) + " " + name + " are wanted, the list has " +
                                  std::to_string(list.size()));
    }
    return std::vector<std::string>(list.begin(), count == 0 ? list.end() : list.begin() + count);
  };
  std::vector<std::string> pairs;
  const auto second = first(nouns(), config.nouns, "nouns");
  for (const std::string& adjective : first(adjectives(), config.adjectives, "adjectives")) {
    for (const std::string& noun : second) pairs.push_back(adjective + "-" + noun);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::string text_of(const std::string& document, const std::string& where) {
  const json parsed = json::parse(document, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("text") || !parsed["text"].is_string()) {
    throw std::runtime_error(where + ": no JSON object with a string \"text\"");
  }
  return parsed["text"];
}

std::string read_essay_file(const fs::path& path) {
  if (path.extension() == ".json") return text_of(read_file(path), path.string());
  if (path.extension() == ".txt") return read_file(path);
  if (path.extension() != ".jsonl") throw std::runtime_error(path.string() + ": essays are .txt, .json or .jsonl");
  std::istringstream lines(read_file(path));
  std::string text, line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (!line.empty()) text += text_of(line, path.string() + ":" + std::to_string(number)) + "\n";
  }
  return text;
}

std::vector<std::string> read_essays(const fs::path& path) {
  std::vector<fs::path> files = {path};
  if (fs::is_directory(path)) {
    files.clear();
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == ".txt") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  }
  std::string text;
  for (const fs::path& file : files) text += read_essay_file(file) + "\n";
  std::vector<std::string> sentences = split_sentences(text);
  if (sentences.empty())
    throw std::runtime_error(path.string() + ": no essays in it (.txt, .json or .jsonl with text)");
  return sentences;
}

// HotpotQA's paragraphs, each once: questions share them.
std::unique_ptr<const Shelf> read_passages(const std::string& path) {
  auto shelf = std::make_unique<Shelf>("");
  std::set<std::string> titles;
  RawSet set(SourceConfig{.path = path});
  read_hotpotqa(set, [&](HotpotQuestion& question) {
    for (const Article& paragraph : question.paragraphs) {
      if (titles.insert(paragraph.title).second) shelf->add({paragraph.text});
    }
    return true;
  });
  return shelf;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// `word` ends in a full stop that ends no sentence.
bool is_abbreviation(std::string_view word) {
  while (!word.empty() && is_one_of(word.substr(0, 1), {"(", "\"", "'", "["})) word.remove_prefix(1);
  const bool initial = word.size() == 2 && std::isupper(static_cast<unsigned char>(word[0])) && word != "I.";
  return initial ||
         is_one_of(word, {"Mr.", "Mrs.", "Ms.",  "Dr.",  "Prof.", "St.",  "Mt.",  "Jr.", "Sr.",   "No.",  "vs.",
                          "cf.", "e.g.", "i.e.", "etc.", "ca.",   "Inc.", "Ltd.", "Co.", "Corp.", "U.S.", "U.K."});
}

bool ends_sentence(std::string_view word) {
  std::string_view bare = word;
  const auto strip = [&](std::string_view mark) {
    if (!bare.ends_with(mark)) return false;
    bare.remove_suffix(mark.size());
    return true;
  };
  while (strip("\"") || strip("'") || strip(")") || strip("]") || strip("\xe2\x80\x9d") ||
         strip("\xe2\x80\x99")) {  // ” ’
  }
  if (bare.ends_with("!") || bare.ends_with("?")) return true;
  return bare.ends_with(".") && !is_abbreviation(bare);
}

bool begins_sentence(std::string_view word) {
  const auto first = static_cast<unsigned char>(word[0]);
  return std::isupper(first) || std::isdigit(first) || is_one_of(word.substr(0, 1), {"\"", "'", "(", "["}) ||
         is_one_of(word.substr(0, 3), {"\xe2\x80\x9c", "\xe2\x80\x98"});  // “ ‘
}

}  // namespace

bool in_split(const std::string& text, const std::string& split) {
  if (split == "all") return true;
  const bool test = std::stoull(checksum(text), nullptr, 16) % 5 == 0;
  return test == (split == "test");
}

std::string needle_sentence(const std::string& value_type, const std::string& key, const std::string& value) {
  return "One of the special magic " + value_type + " for " + key + " is: " + value + ".";
}

Needles::Needles(const NiahConfig& config)
    : key_type_(config.key_type),
      value_type_(config.value_type),
      split_(config.split),
      digits_(config.digits),
      words_(adjective_noun_pairs(config)) {}

std::string Needles::any(Random& random, const std::string& type) const {
  if (type == "words") return random.choice(words_);
  if (type == "uuids") return random.uuid4();
  if (type != "numbers") throw std::invalid_argument("niah: type \"" + type + "\" is none of words, numbers, uuids");
  int64_t low = 1;  // 10^(digits - 1): no leading zero
  for (int64_t i = 1; i < digits_; ++i) low *= 10;
  return std::to_string(random.randint(low, low * 10 - 1));
}

std::string Needles::draw(Random& random, const std::string& type, const std::vector<std::string>& taken) const {
  for (int i = 0; i < kMaxDraws; ++i) {
    const std::string text = any(random, type);
    const bool clashes = std::any_of(taken.begin(), taken.end(), [&](const std::string& other) {
      return text.find(other) != std::string::npos || other.find(text) != std::string::npos;
    });
    if (!clashes && in_split(text, split_)) return text;
  }
  throw std::runtime_error("niah: no " + type + " are left in split " + split_ + " beside the " +
                           std::to_string(taken.size()) +
                           " keys and values of this task; allow more adjectives, nouns or digits");
}

std::string Needles::key(Random& random, const std::vector<std::string>& taken) const {
  return draw(random, key_type_, taken);
}

std::string Needles::value(Random& random, const std::vector<std::string>& taken) const {
  return draw(random, value_type_, taken);
}

Haystack::Haystack(const NiahConfig& config)
    : kind_(config.haystack), split_(config.split), value_type_(config.value_type), needles_(config) {
  if (kind_ == "essays") {
    essays_ = read_essays(config.essays);
  } else if (kind_ == "passages") {
    passages_ = read_passages(config.passages);
  } else if (kind_ != "sentences" && kind_ != "noise" && kind_ != "needle") {
    throw std::invalid_argument("niah: haystack \"" + kind_ + "\" is none of sentences, noise, needle, essays, passages");
  }
}

int64_t Haystack::first_unit(Random& random) const { return passages_ ? static_cast<int64_t>(random.below(static_cast<uint64_t>(passages_->size()))) : 0; }

std::string Haystack::unit(int64_t index, Random& random, const std::vector<std::string>& taken) const {
  if (passages_) return passages_->texts(index % passages_->size())[0];
  if (kind_ == "essays") return essays_[index % essays_.size()];
  if (kind_ == "noise") return noise_sentence();
  if (kind_ == "needle") {
    const std::string key = needles_.key(random, taken);
    return needle_sentence(value_type_, key, needles_.value(random, taken));
  }
  std::string text;
  do text = sentence(random);
  while (!in_split(text, split_));
  return text;
}

std::vector<std::string> split_sentences(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words, sentences;
  for (std::string word; stream >> word;) words.push_back(word);
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == 0 || (ends_sentence(words[i - 1]) && begins_sentence(words[i]))) {
      sentences.push_back(words[i]);
    } else {
      sentences.back() += " " + words[i];
    }
  }
  return sentences;
}

}  // namespace smooth
