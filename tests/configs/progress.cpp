// What people see while they wait, on a terminal and in a file, and how a program ends.
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include <catch2/catch.hpp>
#include <iostream>

#include "configs/load.h"
#include "configs/run.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::Matches;

namespace {

// Standard error is `file` for as long as this lives.
class ErrorsTo {
 public:
  explicit ErrorsTo(int file) : kept_(::dup(STDERR_FILENO)) { ::dup2(file, STDERR_FILENO); }
  ~ErrorsTo() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }
  ErrorsTo(const ErrorsTo&) = delete;
  ErrorsTo& operator=(const ErrorsTo&) = delete;

 private:
  int kept_;
};

template <class Body>
std::string errors_in_file(const Body& body) {
  std::FILE* file = std::tmpfile();
  {
    const ErrorsTo errors(::fileno(file));
    body();
  }
  std::string text(static_cast<size_t>(::lseek(::fileno(file), 0, SEEK_END)), '\0');
  const ssize_t count = ::pread(::fileno(file), text.data(), text.size(), 0);
  std::fclose(file);
  REQUIRE(count == std::ssize(text));
  return text;
}

// A chroot may lack /dev/pts.
bool has_terminal() {
  int master = -1, terminal = -1;
  if (::openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0) {
    std::cout << "SKIPPED: this machine gives no pseudo-terminal\n";
    return false;
  }
  ::close(terminal);
  ::close(master);
  return true;
}

template <class Body>
std::string errors_on_terminal(unsigned short columns, const Body& body) {
  int master = -1, terminal = -1;
  winsize size{};
  size.ws_col = columns;
  size.ws_row = 24;
  REQUIRE(::openpty(&master, &terminal, nullptr, nullptr, &size) == 0);
  {
    const ErrorsTo errors(terminal);
    body();
  }
  ::close(terminal);  // nobody writes any more: reading ends once everything has arrived
  std::string text;
  char block[4096];
  for (ssize_t count; (count = ::read(master, block, sizeof block)) > 0;) {
    text.append(block, static_cast<size_t>(count));
  }
  ::close(master);
  return text;
}

}  // namespace

TEST_CASE("progress: plain lines where there is no terminal") {
  const std::string text = errors_in_file([] {
    Progress progress("training", 400, "tokens");
    for (int i = 0; i < 400; ++i) progress.advance(1, "loss 2.5");
    progress.finish("done");
  });
  CHECK_THAT(text, Matches(R"(training 400/400  100 %  [0-9. ]+ tokens/s  0:00 in all  done\n)"));
}

TEST_CASE("progress: what a resumed run found counts as done, but not as speed") {
  const std::string text = errors_in_file([] {
    Progress progress("reading", 200, "samples", 199);
    progress.finish();
  });
  CHECK_THAT(text, Equals("reading 199/200  99 %  0:00 in all\n"));
}

TEST_CASE("progress: an unknown total has no share") {
  const std::string text = errors_in_file([] {
    Progress progress("reading", 0, "samples");
    progress.advance(5);
  });
  CHECK_THAT(text, Matches(R"(reading 5  [0-9. ]+ samples/s  0:00 in all\n)"));
}

TEST_CASE("progress: an exception ends the line with the state it left") {
  const std::string text = errors_in_file([] {
    run_main([]() -> int {
      Progress progress("training", 4, "steps");
      progress.advance(1, "loss nan");
      throw std::runtime_error("the loss is not finite");
    });
  });
  CHECK_THAT(
      text,
      Matches(
          R"(training 1/4  25 %  [0-9. ]+ steps/s  0:00 in all  loss nan\nsmooth: the loss is not finite\n)"));
}

TEST_CASE("progress: a bar on a terminal, redrawn at most ten times a second") {
  if (!has_terminal()) return;
  const auto began = std::chrono::steady_clock::now();
  const std::string text = errors_on_terminal(100, [] {
    Progress progress("training", 40, "tokens");
    for (int i = 0; i < 20; ++i) {
      progress.advance(1, "loss " + std::to_string(i));
      ::usleep(15000);  // 0.3 s in all
    }
    progress.finish("half");
  });
  const auto drawn =
      std::count(text.begin(), text.end(), '\r') - 1;  // the terminal puts one more before the \n
  CHECK(drawn >= 3);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  CHECK(static_cast<double>(drawn) <= 3 + 10 * seconds.count());
  CHECK_THAT(text, Contains("\rtraining [>                   ] 0/40  0 %\x1b[K\r"));
  CHECK_THAT(text, Contains("\rtraining [==========>         ] 20/40  50 %  "));
  CHECK_THAT(text, Contains(" left  loss "));
  CHECK(text.ends_with("  half\x1b[K\r\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("progress: a line that is too long for the terminal is cut between characters") {
  if (!has_terminal()) return;
  const std::string text = errors_on_terminal(60, [] {
    Progress progress("x", 40, "tokens");
    progress.finish("éééééééééééééééééééééé");
  });
  const size_t last = text.rfind("\r", text.size() - 3);
  const std::string line = text.substr(last + 1, text.find('\x1b', last) - last - 1);
  CHECK(line.size() <= 59);
  CHECK(line.size() >= 58);
  CHECK(line.ends_with("é"));
}

TEST_CASE("progress: numbers") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(999.5) == "1k");
  CHECK(format_count(1234) == "1.23k");
  CHECK(format_count(1234567) == "1.23M");
  CHECK(format_count(999999) == "1M");
  CHECK(format_count(7.6e9) == "7.6B");
  CHECK(format_count(5e15) == "5e+03T");
  CHECK(format_count(-1500) == "-1.5k");
  CHECK(format_seconds(0.4) == "0:00");
  CHECK(format_seconds(75) == "1:15");
  CHECK(format_seconds(59.6) == "1:00");
  CHECK(format_seconds(3675) == "1:01:15");
  CHECK(format_seconds(360000) == "100:00:00");
  CHECK(format_seconds(-1) == "?");
  CHECK(format_seconds(std::numeric_limits<double>::infinity()) == "?");
  CHECK(format_seconds(std::numeric_limits<double>::quiet_NaN()) == "?");
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(format_bytes(1048575) == "1 MiB");
  CHECK(format_bytes(139.0 * (1 << 30)) == "139 GiB");
}

TEST_CASE("run_main: exit status and message") {
  int status = -1;
  const auto told = [&](const std::function<int()>& body) {
    return errors_in_file([&] { status = run_main(body); });
  };
  CHECK(told([] { return 7; }).empty());
  CHECK(status == 7);
  CHECK(told([]() -> int { throw ConfigError("a.yaml:1:1: wrong"); }) ==
        "smooth: a.yaml:1:1: wrong\n");
  CHECK(status == 2);
  CHECK(told([]() -> int { throw std::runtime_error("{} broke"); }) == "smooth: {} broke\n");
  CHECK(status == 1);
  CHECK_THAT(told([]() -> int { throw 3; }), Matches("smooth: .+\n"));
  CHECK(status == 1);
}
