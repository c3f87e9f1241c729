// Building a small set: once, again, after a kill, with another config.
#include "data/build.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "configs/run.h"
#include "data/reading.h"
#include "data/tokenizer.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

DataConfig small_set(const fs::path& out) {
  DataConfig config;
  config.out = out.string();
  config.seed = 3;
  config.tokenizer = {.vocab_size = 400, .training_documents = 10};
  RowConfig row;
  row.row = "niah-b";
  row.samples = 5;
  row.min_tokens = 250;
  row.max_tokens = 350;
  row.min_chunk = 12;
  row.max_chunk = 30;
  row.niah.keys = 2;
  row.niah.digits = 3;
  row.niah.adjectives = row.niah.nouns = 10;
  config.rows = {row, row};
  config.rows[1].row = "niah-a";
  config.rows[1].name = "needles";
  config.rows[1].forms = {"ur"};
  return config;
}

// Every file of a folder but the lock, which says who held it last.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != ".lock") files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
  }
  return files;
}

std::map<std::string, fs::file_time_type> times(const fs::path& folder) {
  std::map<std::string, fs::file_time_type> found;
  for (const auto& [name, text] : contents(folder)) found[name] = fs::last_write_time(folder / name);
  return found;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    REQUIRE(end != std::string::npos);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("a set: every row in its forms, the tokenizer, and a manifest that is right", "[cpu]") {
  const TestFolder folder;
  const fs::path out = folder.path / "set";
  const DataConfig config = small_set(out);
  build_set(config, false);
  const auto files = contents(out);
  std::set<std::string> names;
  for (const auto& [name, text] : files) names.insert(name);
  REQUIRE(names == std::set<std::string>{"config.yaml", "manifest.json", "needles.ur.jsonl", "niah-b.os.jsonl", "niah-b.sr.jsonl", "niah-b.ur.jsonl",
                                         "tokenizer/tokenization_smooth.py", "tokenizer/tokenizer.json", "tokenizer/tokenizer.model", "tokenizer/tokenizer_config.json"});

  const json manifest = json::parse(files.at("manifest.json"));
  REQUIRE(manifest["seed"] == 3);
  REQUIRE(manifest["tokenizer"] == "tokenizer");
  REQUIRE(manifest["vocab_size"] == load_tokenizer((out / "tokenizer").string())->vocab_size());
  REQUIRE(manifest["rows"].size() == 4);
  for (const json& row : manifest["rows"]) {
    const std::string& text = files.at(row["file"]);
    INFO(row.dump());
    REQUIRE(row["samples"] == 5);
    REQUIRE(row["bytes"] == text.size());
    REQUIRE(row["checksum"] == checksum(text));
    REQUIRE(row["file"] == row["row"].get<std::string>() + "." + row["form"].get<std::string>() + ".jsonl");
    const std::vector<std::string> lines = lines_of(text);
    REQUIRE(lines.size() == 5);
    std::set<std::string> contexts;
    for (size_t i = 0; i < lines.size(); ++i) {
      const Transcript transcript = transcript_from_json(lines[i]);
      REQUIRE(transcript.id == row["row"].get<std::string>() + "-" + std::to_string(i));
      REQUIRE(transcript.row == (row["row"] == "needles" ? "niah-a" : "niah-b"));
      REQUIRE(transcript.mode == row["form"]);
      REQUIRE(transcript.early_stop == (transcript.row == "niah-b"));
      REQUIRE_THAT(transcript.answer, Contains(transcript.answers.at(0)));
      REQUIRE(transcript.length <= 350);
      if (transcript.mode != "os") REQUIRE((transcript.chunk >= 12 && transcript.chunk <= 30));
      REQUIRE(contexts.insert(transcript.exchanges.at(0).given).second);
    }
  }
  // All forms are of the same tasks, cut into the same chunks.
  for (size_t i = 0; i < 5; ++i) {
    const Transcript sr = transcript_from_json(lines_of(files.at("niah-b.sr.jsonl"))[i]), ur = transcript_from_json(lines_of(files.at("niah-b.ur.jsonl"))[i]),
                     os = transcript_from_json(lines_of(files.at("niah-b.os.jsonl"))[i]);
    REQUIRE(sr.answers == os.answers);
    REQUIRE(sr.answers == ur.answers);
    REQUIRE(sr.answer == os.answer);
    REQUIRE(sr.chunk == ur.chunk);
    REQUIRE(sr.exchanges.size() == ur.exchanges.size());
    for (size_t k = 0; k < sr.exchanges.size(); ++k) REQUIRE(sr.exchanges[k].written == ur.exchanges[k].written);
  }
}

TEST_CASE("built again a set stays as it is; another config needs replace", "[cpu]") {
  const TestFolder folder;
  const fs::path out = folder.path / "set";
  DataConfig config = small_set(out);
  config.rows.resize(1);
  build_set(config, false);
  const auto before = times(out);
  const auto files = contents(out);
  for (const bool replace : {false, true}) {
    build_set(config, replace);
    REQUIRE(times(out) == before);
  }

  config.rows[0].samples = 3;
  REQUIRE_THROWS_WITH(build_set(config, false), Contains(out.string()) && Contains("another config") && Contains("--replace"));
  REQUIRE(contents(out) == files);
  REQUIRE(times(out) == before);
  build_set(config, true);
  REQUIRE(lines_of(read_file(out / "niah-b.sr.jsonl")).size() == 3);
  REQUIRE(json::parse(read_file(out / "manifest.json"))["rows"][0]["samples"] == 3);

  // What is replaced is as built in a new folder, but for the folder's name.
  config.out = (folder.path / "new").string();
  build_set(config, false);
  REQUIRE(read_file(folder.path / "new/niah-b.ur.jsonl") == read_file(out / "niah-b.ur.jsonl"));
  config.seed = 4;
  config.out = (folder.path / "seed").string();
  build_set(config, false);
  REQUIRE(read_file(folder.path / "seed/niah-b.ur.jsonl") != read_file(out / "niah-b.ur.jsonl"));
}

TEST_CASE("killed at any place and built again, a set is as if nothing had happened", "[cpu]") {
  const TestFolder folder;
  const fs::path out = folder.path / "set";
  const DataConfig config = small_set(out);
  build_set(config, false);
  const auto whole = contents(out);
  const std::vector<std::string> names = {"niah-b.sr.jsonl", "niah-b.os.jsonl", "niah-b.ur.jsonl", "needles.ur.jsonl"};
  const auto cut = [&](const std::string& name, size_t lines, size_t bytes) {
    size_t at = 0;
    for (; lines > 0; --lines) at = whole.at(name).find('\n', at) + 1;
    fs::resize_file(out / name, at + bytes);
  };
  const auto again = [&](const std::string& what) {
    INFO(what);
    fs::remove(out / "manifest.json");
    build_set(config, false);
    const auto files = contents(out);
    for (const auto& [name, text] : whole) {
      INFO(name);
      REQUIRE(files.at(name) == text);
    }
    REQUIRE(files.size() == whole.size());
  };
  again("before the manifest");
  for (const std::string& name : names) {
    for (const size_t lines : {0, 2, 4}) {
      cut(name, lines, 37);
      again(name + " in the middle of a line");
      cut(name, lines, 0);
      again(name + " between lines");
    }
  }
  cut("niah-b.sr.jsonl", 3, 0);
  cut("niah-b.os.jsonl", 2, 11);
  cut("niah-b.ur.jsonl", 2, 0);
  fs::remove(out / "needles.ur.jsonl");
  again("in the middle of a sample");
  cut("niah-b.ur.jsonl", 5, 0);
  fs::resize_file(out / "niah-b.ur.jsonl", whole.at("niah-b.ur.jsonl").size() - 1);
  again("before the last newline");
  for (const std::string& name : names) fs::remove(out / name);
  fs::remove(out / "tokenizer/tokenizer_config.json");
  again("while the tokenizer was written");

  // What was whole is kept, not written anew.
  const auto before = fs::last_write_time(out / "niah-b.sr.jsonl");
  cut("needles.ur.jsonl", 1, 5);
  again("another row");
  REQUIRE(fs::last_write_time(out / "niah-b.sr.jsonl") == before);
}

TEST_CASE("a finished set whose file was cut or lost is not called finished", "[cpu]") {
  const TestFolder folder;
  DataConfig config = small_set(folder.path / "set");
  config.rows.resize(1);
  build_set(config, false);
  const fs::path file = folder.path / "set/niah-b.ur.jsonl", manifest = folder.path / "set/manifest.json";
  const std::string whole = read_file(file);
  fs::resize_file(file, whole.size() / 2);
  REQUIRE_THROWS_WITH(build_set(config, false), Contains("niah-b.ur.jsonl has ") && Contains("manifest.json to have"));
  fs::remove(file);
  REQUIRE_THROWS_WITH(build_set(config, false), Contains("niah-b.ur.jsonl is missing"));
  fs::remove(manifest);
  build_set(config, false);
  REQUIRE(read_file(file) == whole);
}

TEST_CASE("a set that another process builds is left alone", "[cpu]") {
  const TestFolder folder;
  const DataConfig config = small_set(folder.path / "set");
  const FolderLock lock(config.out);
  REQUIRE_THROWS_WITH(build_set(config, false), Contains("in use"));
  REQUIRE_FALSE(fs::exists(folder.path / "set/config.yaml"));
}

TEST_CASE("a set can be built with a tokenizer that is there already", "[cpu]") {
  const TestFolder folder;
  DataConfig config = small_set(folder.path / "first");
  config.rows.resize(1);
  build_set(config, false);
  config.out = (folder.path / "second").string();
  config.tokenizer.path = (folder.path / "first/tokenizer").string();
  build_set(config, false);
  REQUIRE_FALSE(fs::exists(folder.path / "second/tokenizer"));
  REQUIRE(json::parse(read_file(folder.path / "second/manifest.json"))["tokenizer"] == config.tokenizer.path);
  REQUIRE(read_file(folder.path / "second/niah-b.sr.jsonl") == read_file(folder.path / "first/niah-b.sr.jsonl"));
}

TEST_CASE("tiny rows and the tiny LongBench in a set, killed and built again", "[cpu][tiny]") {
  const TestFolder folder;
  const fs::path out = folder.path / "set";
  DataConfig config = small_set(out);
  config.tokenizer = {.vocab_size = 1200, .model_type = "bpe", .split_punctuation = true, .training_documents = 20};
  config.rows.clear();
  for (const char* name : {"hotpotqa", "govreport", "passage-count", "passage-retrieval", "lcc"}) {
    RowConfig row;
    row.row = name;
    row.samples = 4;
    row.min_tokens = 300;
    row.max_tokens = 400;
    row.min_chunk = 30;
    row.max_chunk = 60;
    row.tiny = TinyConfig{};
    config.rows.push_back(row);
  }
  config.rows[0].name = "kin";
  config.rows[0].tiny->kin = true;
  config.tiny_longbench = TinyBenchmarkConfig{.samples = 2, .min_tokens = 400, .max_tokens = 500};
  build_set(config, false);
  const auto whole = contents(out);
  const json manifest = json::parse(whole.at("manifest.json"));
  REQUIRE(manifest.at("rows").size() == 15);
  REQUIRE(manifest.at("tiny_longbench").size() == 16);
  for (const std::string list : {"rows", "tiny_longbench"}) {
    for (const json& entry : manifest.at(list)) {
      INFO(entry.dump());
      REQUIRE(entry.at("checksum") == checksum(whole.at(entry.at("file"))));
      REQUIRE(entry.at("samples") == lines_of(whole.at(entry.at("file"))).size());
    }
  }
  for (const std::string& line : lines_of(whole.at("kin.ur.jsonl"))) {
    const Transcript transcript = transcript_from_json(line);
    REQUIRE(transcript.row == "hotpotqa");
    REQUIRE(transcript.answer == transcript.answers.at(0));
    REQUIRE((transcript.length > 250 && transcript.length < 450));
  }
  // No piece of the tokenizer mixes letters and punctuation.
  const auto tokenizer = load_tokenizer((out / "tokenizer").string());
  for (int64_t id = 0; id < tokenizer->vocab_size(); ++id) {
    const std::string piece = tokenizer->piece(id);
    if (tokenizer->special_id(piece) >= 0) continue;
    const bool letters = std::any_of(piece.begin(), piece.end(), [](unsigned char c) { return std::isalpha(c); });
    const bool marks = std::any_of(piece.begin(), piece.end(), [](unsigned char c) { return std::ispunct(c); });
    INFO(piece);
    REQUIRE_FALSE((letters && marks));
  }

  fs::resize_file(out / "lcc.os.jsonl", 100);
  fs::resize_file(out / "longbench/trec.jsonl", 100);
  REQUIRE_THROWS_WITH(build_set(config, false), Contains("lcc.os.jsonl has 100 bytes"));
  fs::remove(out / "longbench/musique.jsonl");
  fs::remove(out / "manifest.json");
  build_set(config, false);
  REQUIRE(contents(out) == whole);
  fs::remove(out / "longbench/qmsum.jsonl");
  REQUIRE_THROWS_WITH(build_set(config, false), Contains("qmsum.jsonl is missing"));
}
