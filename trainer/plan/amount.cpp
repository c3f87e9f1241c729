#include "trainer/plan/amount.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "data/layout.h"
#include "data/reading.h"
#include "data/tokenizer.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

constexpr int kLines = 32;  // of each file that are tokenised

// Samples and mean lengths of arXiv 2507.19353, Table 5: 457.6 M tokens.
constexpr Text::Documents kTable5[] = {{5652, 4249}, {4348, 10173}, {8114, 12411}, {742, 15245}, {3259, 7759}, {3370, 13942},
                                       {3371, 12100}, {3333, 15777}, {3333, 8254}, {1667, 20117}, {1667, 10403}, {10000, 3331}};
// Its readers take 512 tokens at a time, and of unsmooth reading a document, one chunk's turn, is at most three chunks long.
constexpr double kUnsmooth = 3 * 512;
constexpr double kTargets = 0.2;  // of the tokens, that are written; one-step reading writes less

bool all_end_in(const std::vector<std::string>& files, const std::string& end) {
  return std::all_of(files.begin(), files.end(), [&](const std::string& file) { return file.ends_with(end); });
}

void assume_paper(const TrainConfig& config, Amount& amount) {
  const bool unsmooth = all_end_in(config.data.files, ".ur.jsonl");
  for (const Text::Documents& row : kTable5) {
    amount.samples += row.count;
    const double parts = unsmooth ? std::max(1.0, row.length / kUnsmooth) : 1;
    amount.text.documents.push_back({row.count * parts, row.length / parts});
  }
  amount.text.target_share = config.data.loss == "all" ? 1 : kTargets;
  amount.from = fmt::format("assumed, as data.files are not here: the paper's set (Table 5){}, {:.0f} % of the tokens targets",
                            unsmooth ? ", a document a chunk" : "", 100 * amount.text.target_share);
}

// What the first lines of a file hold, as much of it as the file is longer than they are.
void add_file(const std::string& file, const Layout& layout, bool all_targets, Amount& amount, double& targets) {
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error(file + ": cannot be opened");
  std::vector<Example> documents;
  double read = 0, samples = 0;
  for (std::string line; samples < kLines && std::getline(lines, line); ++samples) {
    read += static_cast<double>(line.size() + 1);
    for (Example& document : layout.examples(transcript_from_json(line), all_targets)) documents.push_back(std::move(document));
  }
  if (samples == 0) return;
  const double times = static_cast<double>(fs::file_size(file)) / read;
  amount.samples += samples * times;
  for (const Example& document : documents) {
    amount.text.documents.push_back({times, static_cast<double>(document.ids.size())});
    targets += times * static_cast<double>(std::count(document.target.begin(), document.target.end(), 1));
  }
}

void estimate(const TrainConfig& config, Amount& amount) {
  const Layout layout(load_tokenizer(config.data.tokenizer), config.data.chat_template);
  double targets = 0;
  for (const std::string& file : config.data.files) add_file(file, layout, config.data.loss == "all", amount, targets);
  if (amount.samples == 0) throw std::runtime_error("data.files hold no sample");
  amount.text.target_share = targets / amount.text.tokens();
  amount.from = fmt::format("estimated from the first {} lines of each of data.files", kLines);
}

}  // namespace

Amount amount_of(const TrainConfig& config) {
  const auto here = [](const std::string& path) { return fs::exists(path); };
  Amount amount;
  if (here(config.data.tokenizer) && std::all_of(config.data.files.begin(), config.data.files.end(), here)) {
    estimate(config, amount);
  } else {
    assume_paper(config, amount);
  }
  const auto batch = static_cast<double>(config.batch), context = static_cast<double>(config.data.context);
  const double epoch = amount.text.tokens(), sample = epoch / amount.samples;
  const bool by_packs = config.batch_of == "packs";
  const double a_step = std::min(epoch, by_packs ? batch * context : batch * sample);
  amount.steps = config.steps ? static_cast<double>(*config.steps) : static_cast<double>(config.epochs) * std::max(1.0, std::floor(epoch / a_step));
  amount.tokens = amount.steps * a_step;
  amount.packs = by_packs ? batch : std::ceil(batch * sample / context);
  return amount;
}

}  // namespace smooth
