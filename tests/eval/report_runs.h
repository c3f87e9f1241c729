// Folders as training runs and evaluations leave them, made up, for tests of reports.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "data/reading.h"
#include "eval/cell.h"
#include "eval/report/lines.h"

namespace smooth {

struct ReportFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("smooth-made-up-" + std::to_string(::getpid()));
  ReportFolder() { std::filesystem::create_directories(path); }
  ~ReportFolder() { std::filesystem::remove_all(path); }
  ReportFolder(const ReportFolder&) = delete;
  ReportFolder& operator=(const ReportFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

// A cell of smooth reading of needles with its clocks: p_r and d_r seconds a token, g tokens written a chunk.
inline Cell smooth_cell(int64_t window, int64_t chunk, int64_t length, double score, double p_r = 1e-4, double d_r = 5e-3, int64_t g = 20) {
  Cell cell{.model = "SWA SR",
            .architecture = "SWA-" + std::to_string(window),
            .mode = "sr",
            .benchmark = "niah",
            .dataset = "sentences",
            .length = length,
            .window = window,
            .chunk = chunk,
            .early_stop = false};
  cell.n = 100;
  cell.score = score;
  const Interval interval = wilson(score, 100);
  cell.ci_low = interval.low;
  cell.ci_high = interval.high;
  cell.context_tokens = cell.prefill_tokens = length * cell.n;
  cell.decode_tokens = length / chunk * g * cell.n;
  cell.prefill_seconds = p_r * static_cast<double>(cell.prefill_tokens);
  cell.decode_seconds = d_r * static_cast<double>(cell.decode_tokens);
  cell.seconds = cell.prefill_seconds + cell.decode_seconds;
  cell.peak_bytes = cell.state_bytes = 1 << 20;
  return cell;
}

// The same read at once by a dense model, in time a x length^e a task.
inline Cell one_step_cell(int64_t length, double score, double seconds) {
  Cell cell = smooth_cell(128, 64, length, score);
  cell.model = "dense OS";
  cell.architecture = "dense";
  cell.mode = "os";
  cell.window.reset();
  cell.chunk.reset();
  cell.early_stop.reset();
  cell.seconds = seconds * static_cast<double>(cell.n);
  return cell;
}

// A row of LongBench's predictions for each score, ids "TASK0", "TASK1", ...
inline std::string predictions(const std::string& task, const std::vector<double>& scores) {
  std::string text;
  for (size_t i = 0; i < scores.size(); ++i) {
    text +=
        nlohmann::json{
            {"_id", task + std::to_string(i)}, {"pred", "x"}, {"answers", {"Human"}}, {"score", scores[i]}, {"context_tokens", 256 * (i + 1)}}
            .dump() +
        "\n";
  }
  return text;
}

inline void write_evaluation(const std::string& folder, const std::vector<Cell>& cells, int64_t training_length = 512) {
  write_file(folder + "/results.json", cells_to_json(cells));
  write_file(folder + "/config.yaml", "out: x\nseed: 42\ntraining_length: " + std::to_string(training_length) + "\n");
  write_file(folder + "/environment.json", "{\"cpu\": \"abacus\"}");
}

// The texts of a table's row that begins with `name`; fails where there is none.
inline std::vector<std::string> row_named(const Table& table, const std::string& name) {
  for (const TableRow& row : table.rows) {
    if (row.cells[0].text != name) continue;
    std::vector<std::string> texts;
    for (const TableCell& cell : row.cells) texts.push_back(cell.text);
    return texts;
  }
  FAIL("no row " + name);
  return {};
}

}  // namespace smooth
