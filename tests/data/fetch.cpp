// Homes of the raw sets, and downloads from a server on this machine that breaks off.
#include "data/sources/fetch.h"

#include <catch2/catch.hpp>

#include "configs/run.h"
#include "data/tasks/tasks.h"
#include "tests/configs/folder.h"
#include "tests/data/file_server.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

constexpr FetchOptions kQuick = {.tries = 3, .seconds_between = 0.001, .stalled_after = 5};

std::string some_text(size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += std::to_string(text.size()) + "\n";
  text.resize(bytes);
  return text;
}

struct Fetched {
  TestFolder folder;
  std::string error;
  std::string text() const { return std::filesystem::exists(folder.path / "x/a.txt") ? read_file(folder.path / "x/a.txt") : "(none)"; }
  std::string part() const { return std::filesystem::exists(folder.path / "x/a.txt.part") ? read_file(folder.path / "x/a.txt.part") : "(none)"; }
  void run(const FileServer& server, int64_t megabytes = 0) {
    error = message_of<std::runtime_error>([&] { fetch({"r", {{server.url(), "x/a.txt", megabytes}}, ""}, folder.path, kQuick); });
  }
};

const std::string kNothing = "(nothing was thrown)";

}  // namespace

TEST_CASE("every row that is made of a raw set has a home for it", "[cpu][sources]") {
  for (const TaskRow& row : task_rows()) {
    const RawHome& home = raw_home(row.row);
    REQUIRE(!home.files.empty());
    REQUIRE(!home.note.empty());
    for (const RawFile& file : home.files) {
      REQUIRE_THAT(file.url, Catch::Matchers::StartsWith("https://"));
      REQUIRE_THAT(file.url, !Contains("test") && !Contains("valid") && !Contains("dev"));
    }
    // What is fetched is found again.
    const TestFolder folder;
    for (const RawFile& file : home.files) folder.file(file.name, "x");
    REQUIRE(training_files(folder.path).size() == home.files.size());
  }
  REQUIRE_THAT(message_of<std::runtime_error>([] { raw_home("niah-a"); }), Contains("has no raw set to fetch; those that have one: hotpotqa, narrativeqa"));
}

TEST_CASE("the commands resume, check sizes and are safe in a shell", "[cpu][sources]") {
  const RawHome home = {"r", {{"https://a.org/b c", "d'e.csv", 10}, {"https://a.org/x", "x.csv", 0}}, "Two\nlines."};
  REQUIRE(fetch_commands(home, "raw/r") ==
          "# Two\n# lines.\n"
          "curl --fail --location --retry 8 --retry-all-errors --continue-at - --create-dirs --output 'raw/r/d'\\''e.csv' 'https://a.org/b c'\n"
          "test \"$(stat -c %s 'raw/r/d'\\''e.csv')\" -gt 8000000 -a \"$(stat -c %s 'raw/r/d'\\''e.csv')\" -lt 12000000 || "
          "echo 'raw/r/d'\\''e.csv': expected about 10 MB >&2\n"
          "curl --fail --location --retry 8 --retry-all-errors --continue-at - --create-dirs --output raw/r/x.csv https://a.org/x\n");
}

TEST_CASE("a download that breaks off goes on where it broke", "[cpu][sources]") {
  const std::string text = some_text(300000);
  const FileServer server(text, [](int) { return Reply{.bytes = 70001}; });
  Fetched fetched;
  fetched.run(server);
  REQUIRE(fetched.error == kNothing);
  REQUIRE(fetched.text() == text);
  REQUIRE(fetched.part() == "(none)");
  REQUIRE(server.requests() == 5);
  REQUIRE(server.sent() == text.size());  // no byte twice
  fetched.run(server);
  REQUIRE(server.requests() == 5);  // it is there
}

TEST_CASE("servers that do not answer well are asked again, those that refuse are not", "[cpu][sources]") {
  const std::string text = some_text(5000);
  const std::vector<int> passing = {503, 429, 500};
  const FileServer busy(text, [&](int i) { return Reply{.status = i == 2 ? 200 : passing[static_cast<size_t>(i)]}; });
  Fetched fetched;
  fetched.run(busy);
  REQUIRE(fetched.error == kNothing);
  REQUIRE(fetched.text() == text);

  const FileServer refusing(text, [](int) { return Reply{.status = 404}; });
  Fetched refused;
  refused.run(refusing);
  REQUIRE_THAT(refused.error, Contains(refusing.url() + ": the server says 404") && Contains("the same command goes on"));
  REQUIRE(refusing.requests() == 1);
  REQUIRE(refused.text() == "(none)");
  REQUIRE(refused.part() == "");

  const FileServer stuck(text, [](int i) { return Reply{.bytes = i == 0 ? 100u : 0u}; });
  Fetched given_up;
  given_up.run(stuck);
  REQUIRE_THAT(given_up.error, Contains("What has come is in ") && Contains("a.txt.part"));
  REQUIRE(given_up.part() == text.substr(0, 100));
  REQUIRE(stuck.requests() == 4);  // three in vain
  const FileServer well(text, [](int) { return Reply{}; });
  given_up.run(well);
  REQUIRE(given_up.text() == text);
  REQUIRE(well.sent() == text.size() - 100);
}

TEST_CASE("a server without ranges, or with a shorter file, is read from the beginning", "[cpu][sources]") {
  const std::string text = some_text(5000);
  const FileServer server(text, [](int) { return Reply{.ranges = false}; });
  Fetched fetched;
  fetched.folder.file("x/a.txt.part", "of another time");
  fetched.run(server);
  REQUIRE(fetched.text() == text);
  const FileServer shorter(text, [](int) { return Reply{}; });
  Fetched again;
  again.folder.file("x/a.txt.part", some_text(6000));
  again.run(shorter);
  REQUIRE(again.text() == text);
}

TEST_CASE("what does not have the size of its entry is not taken", "[cpu][sources]") {
  const FileServer server(some_text(5000), [](int) { return Reply{}; });
  Fetched fetched;
  fetched.run(server, 1);
  REQUIRE_THAT(fetched.error, Contains("5000 bytes, where about 1 MB are expected of http://127.0.0.1"));
  REQUIRE(fetched.text() == "(none)");
  const FileServer right(some_text(1100000), [](int) { return Reply{}; });
  Fetched good;
  good.run(right, 1);
  REQUIRE(good.error == kNothing);
  REQUIRE(good.text().size() == 1100000);
}
