#include "data/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "configs/run.h"
#include "data/show.h"

namespace smooth {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string paper_of(const std::string& row) {
  const PaperRow* paper = table5_row(row);
  return paper != nullptr ? fmt::format("{:>9} {:>11}", paper->samples, paper->mean_length) : fmt::format("{:>9} {:>11}", "-", "-");
}

// How many numbers there are up to 1, 2, 4, 8, ...
class Histogram {
 public:
  void add(int64_t value) {
    const size_t doubling = std::bit_width(static_cast<uint64_t>(std::max<int64_t>(1, value) - 1));
    if (doubling >= counts_.size()) counts_.resize(doubling + 1);
    ++counts_[doubling];
  }
  size_t first() const { return static_cast<size_t>(std::find_if(counts_.begin(), counts_.end(), [](int64_t n) { return n > 0; }) - counts_.begin()); }
  size_t end() const { return counts_.size(); }
  int64_t count(size_t doubling) const { return doubling < counts_.size() ? counts_[doubling] : 0; }
  // An eighth of a bar for each eighth of the fullest column; the least of them for any that is not empty.
  std::string bar(size_t doubling) const {
    static constexpr std::array<const char*, 9> kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const int64_t most = *std::max_element(counts_.begin(), counts_.end()), here = count(doubling);
    return kBars[static_cast<size_t>((8 * here + most - 1) / most)];
  }

 private:
  std::vector<int64_t> counts_;
};

std::string doubling_name(size_t doubling) { return doubling < 10 ? std::to_string(1 << doubling) : std::to_string(1 << (doubling - 10)) + "k"; }

struct FileStats : RowStats {
  Histogram lengths, turns, summaries;

  void add(const std::vector<Example>& documents, size_t exchanges) {
    int64_t length = 0, run = 0;
    for (const Example& document : documents) {
      for (const bool target : document.target) {
        written += target;
        run += target;
        if (!target && run > 0) summaries.add(std::exchange(run, 0));
      }
      if (run > 0) summaries.add(std::exchange(run, 0));
      length += static_cast<int64_t>(document.ids.size());
      longest = std::max(longest, static_cast<int64_t>(document.ids.size()));
    }
    ++samples;
    tokens += length;
    lengths.add(length);
    turns.add(static_cast<int64_t>(exchanges));
  }
};

std::vector<FileStats> stats_of(const fs::path& folder, const json& manifest, const Layout& layout) {
  std::vector<FileStats> all;
  for (const auto& entry : manifest.at("rows")) {
    FileStats stats;
    stats.row = entry.at("row");
    stats.form = entry.at("form");
    const fs::path file = folder / entry.at("file").get<std::string>();
    std::ifstream lines(file);
    if (!lines) throw std::runtime_error(file.string() + ": cannot be opened, and manifest.json names it");
    for (std::string line; std::getline(lines, line);) {
      const Transcript transcript = transcript_from_json(line);
      stats.add(layout.examples(transcript), transcript.exchanges.size());
    }
    all.push_back(std::move(stats));
  }
  return all;
}

std::string table5(const std::vector<FileStats>& all) {
  std::string table = fmt::format("{:<18} {:<5} {:>8} {:>12} {:>9} {:>9} {:>9} {:>11}\n", "row", "form", "samples", "mean tokens", "longest",
                                  "written", "paper's n", "paper's len");
  for (const FileStats& stats : all) {
    table += fmt::format("{:<18} {:<5} {:>8} {:>12.1f} {:>9} {:>7.1f} % {}\n", stats.row, stats.form, stats.samples, stats.mean_length(), stats.longest,
                         100.0 * stats.written_share(), paper_of(stats.row));
  }
  return table;
}

std::string histograms(const std::vector<FileStats>& all, const std::string& title, Histogram FileStats::*member) {
  size_t begin = 64, end = 0;
  for (const FileStats& stats : all) {
    const Histogram& histogram = stats.*member;
    if (histogram.end() == 0) continue;
    begin = std::min(begin, histogram.first());
    end = std::max(end, histogram.end());
  }
  if (end == 0) return "";
  std::string table = fmt::format("\n{:<24}", title + ", up to");
  for (size_t i = begin; i < end; ++i) table += fmt::format(" {:>8}", doubling_name(i));
  table += "\n";
  for (const FileStats& stats : all) {
    const Histogram& histogram = stats.*member;
    if (histogram.end() == 0) continue;
    table += fmt::format("{:<18} {:<5}", stats.row, stats.form);
    for (size_t i = begin; i < end; ++i) table += histogram.count(i) == 0 ? std::string(9, ' ') : fmt::format(" {:>6} {}", histogram.count(i), histogram.bar(i));
    table += "\n";
  }
  return table;
}

// From the manifest: the tasks that share 13-grams with LongBench.
std::string overlap_of(const json& manifest) {
  if (!manifest.contains("overlap")) return "";
  const auto& overlap = manifest.at("overlap");
  std::string table = fmt::format("\n{:<24} {:>8} | {:>26} | {:>26} | {:>8}\n", "13-grams in LongBench", "tasks", "questions: any >=0.2 >=0.8", "contexts: any >=0.2 >=0.8", "left out");
  for (const auto& [row, counts] : overlap.at("rows").items()) {
    const auto shares = [](const json& of) { return fmt::format("{:>14} {:>5} {:>5}", of.at("any").get<int64_t>(), of.at(">=0.2").get<int64_t>(), of.at(">=0.8").get<int64_t>()); };
    table += fmt::format("{:<24} {:>8} | {:>26} | {:>26} | {:>8}\n", row, counts.at("tasks").get<int64_t>(), shares(counts.at("questions")), shares(counts.at("contexts")),
                         counts.at("removed").get<int64_t>());
  }
  return table;
}

}  // namespace

std::vector<RowStats> count_set(const std::string& folder, const std::string& chat_template) {
  const auto manifest = json::parse(read_file(fs::path(folder) / "manifest.json"));
  const std::vector<FileStats> all = stats_of(folder, manifest, layout_of_set(folder, chat_template));
  return {all.begin(), all.end()};
}

const PaperRow* table5_row(const std::string& row) {
  const auto* found = std::ranges::find_if(kTable5, [&](const PaperRow& paper) { return row == paper.row; });
  return found == kTable5.end() ? nullptr : found;
}

std::string set_stats(const std::string& folder, const std::string& chat_template) {
  const auto manifest = json::parse(read_file(fs::path(folder) / "manifest.json"));
  const std::vector<FileStats> all = stats_of(folder, manifest, layout_of_set(folder, chat_template));
  return table5(all) + histograms(all, "tokens a sample", &FileStats::lengths) + histograms(all, "turns a sample", &FileStats::turns) +
         histograms(all, "tokens a written text", &FileStats::summaries) + overlap_of(manifest);
}

}  // namespace smooth
