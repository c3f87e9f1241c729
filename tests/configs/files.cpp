// Files that are whole or not there, lines that survive a kill, locks that hold.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>

#include "configs/run.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

namespace {

// The exit status of `body` in a process of its own.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// No file may grow beyond `bytes`: the disk is full, as far as this process can tell.
void limit_files(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

TEST_CASE("write_file: creates folders, replaces, leaves nothing else") {
  const TestFolder folder;
  const auto path = folder.path / "a/b/c.txt";
  write_file(path, "one");
  CHECK(read_file(path) == "one");
  const std::string two(300000, '\0');
  write_file(path, two);
  CHECK(read_file(path) == two);
  write_file(path, "");
  CHECK(read_file(path).empty());
  CHECK(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}) == 1);
  struct stat status {};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == (0666 & ~mask));
}

TEST_CASE("write_file: works without a folder in the path") {
  const TestFolder folder;
  CHECK(in_child([&] {
          std::filesystem::current_path(folder.path);
          write_file("plain.txt", "x");
          return read_file("plain.txt") == "x" ? 0 : 1;
        }) == 0);
  CHECK(folder.names() == std::vector<std::string>{"plain.txt"});
}

TEST_CASE("write_file: a failure leaves what was there, and no temporary file") {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path / "taken/inside");
  CHECK_THAT(folder.short_form(
                 message_of<std::runtime_error>([&] { write_file(folder.path / "taken", "x"); })),
             Equals("cannot replace taken: Is a directory"));
  CHECK(folder.names() == std::vector<std::string>{"taken"});

  folder.file("full.txt", "old");
  CHECK(in_child([&] {
          limit_files(1000);
          const std::string told = message_of<std::runtime_error>(
              [&] { write_file(folder.path / "full.txt", std::string(5000, 'x')); });
          return folder.short_form(told) == "cannot write full.txt: File too large" ? 0 : 1;
        }) == 0);
  CHECK(read_file(folder.path / "full.txt") == "old");
  CHECK(folder.names().size() == 2);

  folder.file("file", "");
  CHECK_THAT(folder.short_form(
                 message_of<std::runtime_error>([&] { write_file(folder.path / "file/x", "x"); })),
             StartsWith("cannot create the folder file: "));
}

TEST_CASE("write_file: a temporary name that a killed process left is stepped over") {
  const TestFolder folder;
  CHECK(in_child([&] {
          for (int i = 0; i < 50; ++i)
            folder.file("." + std::string("a.txt.") + std::to_string(::getpid()) + "." +
                            std::to_string(i) + ".tmp",
                        "left");
          write_file(folder.path / "a.txt", "new");
          return 0;
        }) == 0);
  CHECK(read_file(folder.path / "a.txt") == "new");
  CHECK(folder.names().size() == 51);
}

TEST_CASE("read_file: names what it cannot read") {
  const TestFolder folder;
  CHECK_THAT(
      folder.short_form(message_of<std::runtime_error>([&] { read_file(folder.path / "none"); })),
      Equals("cannot read none: No such file or directory"));
  CHECK_THAT(message_of<std::runtime_error>([&] { read_file(folder.path); }),
             Equals("cannot read " + folder.path.string() + ": Is a directory"));
}

TEST_CASE("LineFile: grows by lines") {
  const TestFolder folder;
  const auto path = folder.path / "sub/lines.jsonl";
  {
    LineFile lines(path);
    lines.append("one");
    CHECK(read_file(path) == "one\n");  // at once, not when closed
    LineFile moved = std::move(lines);
    moved.append("");
  }
  LineFile(path).append("three");
  CHECK(read_file(path) == "one\n\nthree\n");
}

TEST_CASE("LineFile: opening cuts off an unfinished last line, and only that") {
  const TestFolder folder;
  const std::string long_line(10000, 'x');  // longer than the block that is searched backwards
  const auto [before, after] = GENERATE_COPY(table<std::string, std::string>({
      {"one\ntwo\nhal", "one\ntwo\n"},
      {"one\ntwo\n", "one\ntwo\n"},
      {"half", ""},
      {"", ""},
      {"\n", "\n"},
      {"\nh", "\n"},
      {long_line + "\n" + long_line, long_line + "\n"},
      {long_line, ""},
      {std::string(4095, 'x') + "\n" + std::string(4096, 'y'), std::string(4095, 'x') + "\n"},
  }));
  const std::string path = folder.file("lines", before);
  LineFile lines(path);
  CHECK(read_file(path) == after);
  lines.append("next");
  CHECK(read_file(path) == after + "next\n");
}

TEST_CASE("LineFile: survives kill -9 in the middle of writing") {
  const TestFolder folder;
  const auto path = folder.path / "lines";
  const pid_t child = ::fork();
  if (child == 0) {
    LineFile lines(path);
    for (int i = 0;; ++i) lines.append(std::to_string(i) + std::string(1000, '.'));
  }
  std::error_code none_yet;
  bool enough = false;
  for (int tries = 0; !enough && tries < 100000; ++tries) {
    ::usleep(100);
    const auto size = std::filesystem::file_size(path, none_yet);
    enough = !none_yet && size >= 50000;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  REQUIRE(enough);
  { LineFile lines(path); }
  const std::string text = read_file(path);
  REQUIRE(text.ends_with(".\n"));
  int count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    const size_t end = text.find('\n', at);
    REQUIRE(text.substr(at, end - at) == std::to_string(count) + std::string(1000, '.'));
    at = end + 1;
  }
  CHECK(count >= 49);
}

TEST_CASE("LineFile: a full disk leaves whole lines and says so") {
  const TestFolder folder;
  const auto path = folder.path / "lines";
  CHECK(in_child([&] {
          limit_files(1000);
          LineFile lines(path);
          lines.append(std::string(600, 'a'));
          const std::string told =
              message_of<std::runtime_error>([&] { lines.append(std::string(600, 'b')); });
          lines.append("short");
          return folder.short_form(told) == "cannot append to lines: File too large" ? 0 : 1;
        }) == 0);
  CHECK(read_file(path) == std::string(600, 'a') + "\nshort\n");
}

TEST_CASE("LineFile: refuses what is not a line or not a file") {
  const TestFolder folder;
  LineFile lines(folder.path / "lines");
  CHECK_THAT(folder.short_form(message_of<std::runtime_error>([&] { lines.append("a\nb"); })),
             Equals("cannot append to lines: expected one line, got a line break in `a\nb`"));
  CHECK(read_file(folder.path / "lines").empty());
  CHECK_THAT(message_of<std::runtime_error>([&] { LineFile other(folder.path); }),
             Equals("cannot open " + folder.path.string() + ": Is a directory"));
}

TEST_CASE("checksum: FNV-1a's published values") {
  CHECK(checksum("") == "cbf29ce484222325");
  CHECK(checksum("a") == "af63dc4c8601ec8c");
  CHECK(checksum("foobar") == "85944171f73967e8");
  const TestFolder folder;
  std::string bytes;
  for (int i = 0; i < 200001; ++i) bytes += static_cast<char>(i * 7);
  CHECK(checksum_file(folder.file("bytes", bytes)) == checksum(bytes));
  CHECK(checksum_file(folder.file("foobar", "foobar")) == "85944171f73967e8");
  CHECK_THAT(message_of<std::runtime_error>([&] { checksum_file(folder.path / "none"); }),
             Contains("No such file"));
}

TEST_CASE("FolderLock: one process at a time, and it is named") {
  const TestFolder folder;
  const auto run = folder.path / "run";
  const auto try_it = [&] { return message_of<std::runtime_error>([&] { FolderLock lock(run); }); };
  {
    FolderLock lock(run);
    const std::string told = folder.short_form(try_it());
    CHECK_THAT(told,
               StartsWith("run is in use by process " + std::to_string(::getpid()) + " on ") &&
                   Contains("; wait until it has ended, or choose another folder"));
    CHECK(in_child([&] { return try_it() == "(nothing was thrown)" ? 1 : 0; }) == 0);
  }
  CHECK(try_it() == "(nothing was thrown)");
  CHECK(in_child([&] {
          static FolderLock lock(run);  // never destroyed: the kernel lets go when the process ends
          return 0;
        }) == 0);
  CHECK(try_it() == "(nothing was thrown)");
}

TEST_CASE("FolderLock: waits for another process, if it is to") {
  const TestFolder folder;
  const auto run = folder.path / "run";
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    static FolderLock lock(run);
    const bool told = ::write(ready[1], "x", 1) == 1;
    ::usleep(50000);
    std::ofstream(run / "left") << "by the child";
    ::_exit(told ? 0 : 1);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK_THROWS(FolderLock(run));
  CHECK_FALSE(std::filesystem::exists(run / "left"));
  const FolderLock lock(run, FolderLock::IfTaken::kWait);
  CHECK(read_file(run / "left") == "by the child");
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}
