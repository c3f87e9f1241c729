#include "trainer/journal.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr double kForget = 0.98;  // of the mean that a spike is held against, a step
constexpr int64_t kCalm = 20;     // steps before which no loss is called a spike

// The lines that `keeps` wants, which is given each one's number from 0.
void keep_lines(const fs::path& file, const std::function<bool(int64_t, const std::string&)>& keeps) {
  if (!fs::exists(file)) return;
  std::ifstream lines(file);
  std::string kept, line;
  for (int64_t i = 0; std::getline(lines, line); ++i) {
    if (keeps(i, line)) kept += line + "\n";
  }
  write_file(file, kept);
}

int64_t step_of_spike(const std::string& line) { return std::atoll(line.c_str() + std::string("step ").size()); }

std::vector<double> losses_of(const fs::path& metrics) {
  std::vector<double> losses;
  std::ifstream lines(metrics);
  for (std::string line; std::getline(lines, line);) losses.push_back(Json::parse(line).at("loss").get<double>());
  return losses;
}

std::string format_flops(double rate) { return rate < 1e12 ? fmt::format("{:.3g} GFLOP/s", rate / 1e9) : fmt::format("{:.4g} TFLOP/s", rate / 1e12); }

}  // namespace

Journal::Journal(const TrainConfig& config, int64_t step, int64_t steps, double peak_flops)
    : run_(config.run), spike_(config.spike), peak_flops_(peak_flops), log_every_(config.log_every),
      progress_("train " + run_.filename().string(), steps, "steps", step), files_(run_, config.checkpoint.failure == "go-on") {
  keep_lines(run_ / "metrics.jsonl", [&](int64_t i, const std::string&) { return i < step; });
  keep_lines(run_ / "log.txt", [&](int64_t i, const std::string&) { return i < step / log_every_; });
  keep_lines(run_ / "spikes.txt", [&](int64_t, const std::string& line) { return step_of_spike(line) <= step; });
  for (const double loss : losses_of(run_ / "metrics.jsonl")) remember(loss);
}

void Journal::tell(const StepReport& report, const std::function<std::vector<std::string>()>& samples) {
  const double tokens_rate = static_cast<double>(report.tokens) / report.seconds, flops_rate = report.flops / report.seconds;
  Json json = {{"step", report.step}, {"loss", report.loss}, {"norm", report.norm}, {"lr", report.lr}, {"tokens", report.tokens},
               {"targets", report.targets}, {"flops", report.flops}, {"seconds", report.seconds}};
  std::vector<std::pair<std::string, double>> curves = {{"loss", report.loss}, {"norm", report.norm}, {"learning_rate", report.lr}, {"tokens_per_second", tokens_rate}};
  std::string line = fmt::format("loss {:.4f}  norm {:.3f}  lr {:.2e}  {} tokens/s  {}", report.loss, report.norm, report.lr, format_count(tokens_rate),
                                 format_flops(flops_rate));
  if (peak_flops_ > 0) {
    const double mfu = flops_rate / peak_flops_;
    json["mfu"] = mfu;
    curves.emplace_back("mfu", mfu);
    line += fmt::format("  MFU {:.1f} %", 100 * mfu);
  }
  if (report.heldout_loss) {
    json["heldout_loss"] = *report.heldout_loss;
    curves.emplace_back("heldout_loss", *report.heldout_loss);
  }
  if (report.sent > 0) json["sent"] = report.sent;
  files_.append("metrics.jsonl", json.dump());
  files_.curves(report.step, curves);
  tell_spike(report, samples);
  progress_.advance(1, line);
  if (report.step % log_every_ == 0) files_.append("log.txt", fmt::format("step {}  {}", report.step, line));
}

void Journal::finish() { progress_.finish(); }

void Journal::tell_spike(const StepReport& report, const std::function<std::vector<std::string>()>& samples) {
  if (spike_ > 0 && report.step > kCalm && mean_loss_ > 0 && report.loss > spike_ * mean_loss_) {
    std::string message = fmt::format("step {}: the loss, {:.6f}, is {:.6f} times the mean of the last ones. Its samples:", report.step, report.loss,
                                      report.loss / mean_loss_);
    for (const std::string& id : samples()) message += " " + id;
    std::cerr << "smooth: " << message << "\n";
    files_.append("spikes.txt", message);
  }
  remember(report.loss);
}

void Journal::remember(double loss) { mean_loss_ = mean_loss_ == 0 ? loss : kForget * mean_loss_ + (1 - kForget) * loss; }

}  // namespace smooth
