#include "data/scores/metrics.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "data/scores/code_similarity.h"
#include "data/scores/python_text.h"
#include "data/scores/qa_f1.h"
#include "data/scores/rouge_l.h"

namespace smooth {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

double share_equal(const std::vector<std::string_view>& numbers, std::string_view number) {
  if (numbers.empty()) return 0;
  return static_cast<double>(std::count(numbers.begin(), numbers.end(), number)) / static_cast<double>(numbers.size());
}

// The number in the first "Paragraph N".
std::string_view paragraph(std::string_view answer) {
  constexpr std::string_view label = "Paragraph ";
  for (size_t at = answer.find(label); at != answer.npos; at = answer.find(label, at + 1)) {
    const std::string_view rest = answer.substr(at + label.size());
    const std::vector<std::string_view> runs = digit_runs(rest);
    if (!runs.empty() && runs.front().data() == rest.data()) return runs.front();
  }
  throw std::runtime_error("retrieval: the answer '" + std::string(answer) + "' does not say 'Paragraph N'; N is what is looked for");
}

using Metric = std::function<double(std::string_view prediction, std::string_view answer)>;

Metric longbench_metric(const std::string& name, const std::vector<std::string>& classes, const std::string& code_backend) {
  if (name == "qa_f1") return qa_f1;
  if (name == "rouge-l") return rouge_l;
  if (name == "classification") return [&](auto prediction, auto answer) { return classification(prediction, answer, classes); };
  if (name == "count") return count;
  if (name == "retrieval") return retrieval;
  if (name == "code_sim") return [&](auto prediction, auto answer) { return code_similarity(prediction, answer, code_backend); };
  throw std::invalid_argument("no metric '" + name + "'; choose qa_f1, rouge-l, classification, count, retrieval, code_sim or string-match");
}

}  // namespace

double score(const std::string& metric, const std::string& prediction, const std::vector<std::string>& answers,
             const std::vector<std::string>& classes, const std::string& code_backend) {
  if (metric == "string-match") return string_match_all(prediction, answers);
  const Metric compare = longbench_metric(metric, classes, code_backend);
  double best = 0;
  for (const std::string& answer : answers) best = std::max(best, compare(prediction, answer));
  return best;
}

double classification(std::string_view prediction, std::string_view answer, const std::vector<std::string>& classes) {
  std::vector<std::string_view> found;
  for (const std::string& name : classes) {
    if (contains(prediction, name)) found.push_back(name);
  }
  // The official loop removes from the list that it walks over, so what follows a removed class is not looked at; and it removes the
  // first of equals.
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] != answer && contains(answer, found[i])) found.erase(std::find(found.begin(), found.end(), found[i]));
  }
  if (std::find(found.begin(), found.end(), answer) == found.end()) return 0;
  return 1.0 / static_cast<double>(found.size());
}

double count(std::string_view prediction, std::string_view answer) { return share_equal(digit_runs(prediction), answer); }

double retrieval(std::string_view prediction, std::string_view answer) { return share_equal(digit_runs(prediction), paragraph(answer)); }

double string_match_all(const std::string& prediction, const std::vector<std::string>& answers) {
  if (answers.empty()) throw std::invalid_argument("string_match_all: no answers to look for");
  // RULER scripts/eval/evaluate.py, postprocess_pred: strip, [\x00-\x1f] -> newline, strip.
  std::string cleaned(strip(prediction));
  for (char& c : cleaned) {
    if (static_cast<unsigned char>(c) < 0x20) c = '\n';
  }
  cleaned = lower(strip(cleaned));
  double found = 0;
  for (const std::string& answer : answers) found += contains(cleaned, lower(answer));
  return found / static_cast<double>(answers.size());
}

}  // namespace smooth
