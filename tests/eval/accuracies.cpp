#include "eval/accuracies.h"

#include <catch2/catch.hpp>

#include "configs/run.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Contains;

namespace {

Accuracy accuracy(int64_t step, const std::string& model, double score) {
  return {.step = step, .model = model, .mode = "sr", .benchmark = "niah", .dataset = "sentences", .length = 512, .n = 50, .score = score, .ci_low = score - 1, .ci_high = score + 1};
}

}  // namespace

TEST_CASE("accuracies: added again they change nothing, and a half line is cut off", "[accuracies]") {
  const TestFolder folder;
  const std::string file = folder.path / "accuracies.jsonl";
  CHECK(read_accuracies(file).empty());
  const std::vector<Accuracy> first = {accuracy(2, "a", 10), accuracy(2, "b", 20)};
  add_accuracies(file, first, false);
  add_accuracies(file, {accuracy(4, "a", 30)}, false);
  const std::string whole = read_file(file);
  CHECK(whole == to_line(first[0]) + "\n" + to_line(first[1]) + "\n" + to_line(accuracy(4, "a", 30)) + "\n");
  add_accuracies(file, first, false);
  CHECK(read_file(file) == whole);
  write_file(file, whole.substr(0, whole.size() - 9));
  CHECK(read_accuracies(file).size() == 2);
  add_accuracies(file, {accuracy(4, "a", 30)}, false);
  CHECK(read_file(file) == whole);
}

TEST_CASE("accuracies: other numbers of the same step and curve are refused, or replaced", "[accuracies]") {
  const TestFolder folder;
  const std::string file = folder.path / "accuracies.jsonl";
  add_accuracies(file, {accuracy(2, "a", 10), accuracy(2, "b", 20)}, false);
  const std::string before = read_file(file);
  CHECK_THROWS_WITH(add_accuracies(file, {accuracy(2, "c", 1), accuracy(2, "a", 11)}, false), Contains("a/512 at step 2") && Contains("--replace"));
  CHECK(read_file(file) == before);
  add_accuracies(file, {accuracy(2, "c", 1), accuracy(2, "a", 11)}, true);
  CHECK(read_file(file) == to_line(accuracy(2, "b", 20)) + "\n" + to_line(accuracy(2, "c", 1)) + "\n" + to_line(accuracy(2, "a", 11)) + "\n");
}

TEST_CASE("accuracies: a damaged line is named by file, line and field", "[accuracies]") {
  const TestFolder folder;
  const std::string line = to_line(accuracy(2, "a", 10)) + "\n";
  const std::string file = folder.file("accuracies.jsonl", line + "{\"step\":\"two\"}\n");
  CHECK_THROWS_WITH(read_accuracies(file), file + ":2: step: expected a whole number, got \"two\"");
  folder.file("accuracies.jsonl", line + line + "oops\n");
  CHECK_THROWS_WITH(read_accuracies(file), Contains(":3: expected a JSON object"));
}
