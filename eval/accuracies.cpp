#include "eval/accuracies.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <tuple>

#include "configs/run.h"
#include "eval/json_fields.h"

namespace smooth {
namespace fs = std::filesystem;

namespace {

// Names each field once, for both directions.
template <class A, class V>
void fields(A& accuracy, V& v) {
  v("step", accuracy.step);
  v("model", accuracy.model);
  v("mode", accuracy.mode);
  v("benchmark", accuracy.benchmark);
  v("dataset", accuracy.dataset);
  v("length", accuracy.length);
  v("n", accuracy.n);
  v("score", accuracy.score);
  v("ci_low", accuracy.ci_low);
  v("ci_high", accuracy.ci_high);
}

Accuracy from_line(const std::string& line, const std::string& where) {
  const auto json = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw std::runtime_error(where + ": expected a JSON object, got " + line);
  Accuracy accuracy;
  FieldReader reader(json, where);
  fields(accuracy, reader);
  reader.refuse_unknown();
  return accuracy;
}

void write_accuracies(const fs::path& file, const std::vector<Accuracy>& accuracies) {
  std::string text;
  for (const Accuracy& accuracy : accuracies) text += to_line(accuracy) + "\n";
  write_file(file, text);
}

}  // namespace

std::string Accuracy::curve() const {
  if (!length) return model + "/" + dataset;
  return model + "/" + std::to_string(*length) + (dataset.ends_with(" from the end") ? "/" + dataset : "");
}

bool same_curve(const Accuracy& a, const Accuracy& b) {
  const auto key = [](const Accuracy& x) { return std::tie(x.model, x.mode, x.benchmark, x.dataset, x.length); };
  return key(a) == key(b);
}

std::vector<Accuracy> accuracies_of(int64_t step, const std::vector<Cell>& cells) {
  std::vector<Accuracy> out;
  for (const Cell& cell : cells) {
    out.push_back({step, cell.model, cell.mode, cell.benchmark, cell.dataset, cell.length, cell.n, cell.score, cell.ci_low, cell.ci_high});
  }
  return out;
}

std::string to_line(const Accuracy& accuracy) {
  FieldWriter writer;
  fields(accuracy, writer);
  return writer.json.dump();
}

std::vector<Accuracy> read_accuracies(const fs::path& file) {
  std::vector<Accuracy> out;
  if (!fs::exists(file)) return out;
  const std::string text = read_file(file);
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    out.push_back(from_line(text.substr(begin, end - begin), fmt::format("{}:{}", file.string(), out.size() + 1)));
  }
  return out;
}

void add_accuracies(const fs::path& file, const std::vector<Accuracy>& measured, bool replace) {
  std::vector<Accuracy> there = read_accuracies(file), missing;
  const size_t before = there.size();
  for (const Accuracy& one : measured) {
    const auto old = std::find_if(there.begin(), there.end(), [&](const Accuracy& x) { return x.step == one.step && same_curve(x, one); });
    if (old != there.end() && to_line(*old) == to_line(one)) continue;
    missing.push_back(one);
    if (old == there.end()) continue;
    if (!replace) {
      throw std::runtime_error(fmt::format("{}: has another accuracy of {} at step {} already: {:.1f} of {} tasks, now {:.1f} of {}; another evaluation wrote it. "
                                           "Give the models of this one other names, or pass --replace",
                                           file.string(), one.curve(), one.step, old->score, old->n, one.score, one.n));
    }
    there.erase(old);
  }
  if (there.size() < before) write_accuracies(file, there);
  if (missing.empty()) return;
  LineFile lines(file);
  for (const Accuracy& accuracy : missing) lines.append(to_line(accuracy));
}

}  // namespace smooth
