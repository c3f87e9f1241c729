// Tasks to transcripts through a server: each as the reading loop alone would leave it, in order, whatever happens on the way.
#include "data/teachers/chat.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "data/chunker.h"
#include "data/random.h"
#include "data/teachers/chat_estimate.h"
#include "tests/data/chat_server.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

const std::vector<std::string> kRows = {"hotpotqa", "narrativeqa", "govreport", "qmsum", "trec", "triviaqa", "samsum", "passage-retrieval", "lcc"};

// One to seven pieces of four words; of those that may stop early some can.
Task task_of(int64_t number) {
  Random random(3, "task " + std::to_string(number));
  Task task{.id = "t-" + std::to_string(number), .row = kRows[number % kRows.size()], .instruction = "Read.", .question = "Which first words?", .answers = {"these"},
            .early_stop = random.below(2) == 0, .length = number};
  for (int64_t piece = 1, pieces = random.randint(1, 7); piece <= pieces; ++piece) {
    task.context += "w" + std::to_string(number) + "-" + std::to_string(piece) + " b " + (random.below(6) == 0 ? "STOPHERE" : "c") + " d. ";
  }
  return task;
}

ChatTeacher::Source tasks(int64_t count) {
  return [count, number = int64_t{0}]() mutable { return number < count ? std::optional<Task>(task_of(number++)) : std::nullopt; };
}

// What the server's obedient teacher writes, without server and prompts.
class Twin : public Author {
 public:
  explicit Twin(const Task& task) : task_(task) {}
  std::string write(const Turn& turn) override {
    const std::string piece = task_.context.substr(turn.begin, turn.end - turn.begin), word = piece.substr(0, piece.find(' '));
    clues_ += (clues_.empty() ? "" : "; ") + word;
    const bool stop = turn.last || (turn.may_stop && piece.find("STOPHERE") != std::string::npos);
    return format({.target = "the first words", .clues = {clues_}, .reason = "This piece adds " + word + ".", .stop = stop, .answer = clues_});
  }

 private:
  const Task& task_;
  std::string clues_;
};

std::string twin_line(int64_t number, const TeacherConfig& config) {
  const Task task = task_of(number);
  Twin twin(task);
  return to_json(read(task, teacher_options(config, task), twin));
}

// All transcripts as the lines of a set; a dropped one as its reason.
struct Collected {
  std::vector<std::string> lines, details;
  std::vector<int64_t> numbers;
  ChatTeacher::Use use() {
    return [this](const Taught& taught) {
      numbers.push_back(taught.number);
      lines.push_back(taught.dropped.empty() ? to_json(taught.transcript) : "dropped: " + taught.dropped);
      details.push_back(taught.detail);
      CHECK(taught.task.context == task_of(taught.number).context);
    };
  }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }
};

std::string error_of(ChatTeacher& teacher, int64_t count, Collected& collected) {
  return message_of<std::runtime_error>([&] { teacher.read(tasks(count), collected.use()); });
}

ServerReply told(const std::string& content, const std::string& finish = "stop") { return {.body = completion(content, finish)}; }

// The key of every whole line of a cache.
std::set<std::string> keys_in(const std::filesystem::path& cache) {
  std::set<std::string> keys;
  const std::string text = std::filesystem::exists(cache / "answers.jsonl") ? read_file(cache / "answers.jsonl") : "";
  std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
  for (std::string line; std::getline(lines, line);) keys.insert(nlohmann::json::parse(line).at("key"));
  return keys;
}

// Requests that were received more than once.
int64_t twice(const ChatServer& server) {
  std::map<std::string, int64_t> seen;
  int64_t count = 0;
  for (const ServerRequest& request : server.requests()) count += seen[request.body]++ > 0;
  return count;
}

}  // namespace

TEST_CASE("transcripts are those of the reading loop, in the order of the tasks, however slow each answer is", "[cpu][chat]") {
  const int64_t in_flight = GENERATE(1, 32);
  const TestFolder folder;
  const ChatServer server([](const ServerRequest& request) {
    ServerReply reply = obedient(request);
    reply.delay = 0.001 * static_cast<double>(request.number * 7 % 13);
    return reply;
  });
  TeacherConfig config = teacher_at(server, folder);
  config.in_flight = in_flight;
  for (const bool first : {true, false}) {
    ChatTeacher teacher(config);
    Collected collected;
    teacher.read(tasks(60), collected.use());
    REQUIRE(collected.lines.size() == 60);
    for (int64_t i = 0; i < 60; ++i) {
      CHECK(collected.numbers[i] == i);
      CHECK(collected.lines[i] == twin_line(i, config));
    }
    CHECK(teacher.dropped().empty());
    CHECK(teacher.spending().answers == server.received());
    if (!first) CHECK_THAT(teacher.note(), Contains("0 in flight"));
  }
  CHECK(twice(server) == 0);
  CHECK(server.most_at_once() <= in_flight);
  if (in_flight == 32) CHECK(server.most_at_once() > 16);
}

TEST_CASE("the tasks are taken as they are needed", "[cpu][chat]") {
  const TestFolder folder;
  // The first task's answers come last: the others may not run ahead for ever.
  const ChatServer server([](const ServerRequest& request) {
    ServerReply reply = obedient(request);
    if (asked_of(request).find("w0-") != std::string::npos) reply.delay = 0.15;
    return reply;
  });
  const TeacherConfig config = teacher_at(server, folder);
  ChatTeacher teacher(config);
  int64_t taken = 0, used = 0, ahead = 0;
  teacher.read(
      [&, next = tasks(200)]() mutable {
        ahead = std::max(ahead, ++taken - used);
        return next();
      },
      [&](const Taught&) { ++used; });
  CHECK(used == 200);
  CHECK(ahead <= 2 * config.in_flight);
  CHECK(ahead > config.in_flight);
}

TEST_CASE("a reply that is no summary is sent back with what is wrong, and its correction counts", "[cpu][chat]") {
  const auto [reply, words] = GENERATE(table<ServerReply, std::string>({
      {told("I see."), "This reply cannot be used: it does not end in <CONTINUE> or <STOP>"},
      {told("Target: t\nClues: c\nReason: r\nAnswer: \n<STOP>"), "cannot be used: "},
      {told("Target: t\nClues: c\nReason: r\n<CONT", "length"), "it was cut off after 20 tokens; be much shorter"},
      {told(""), "it is empty"},
      {told("\n \n"), "it is empty"},
      {{.body = R"({"choices": [{"message": {"content": "", "reasoning_content": "hm"}, "finish_reason": "stop"}]})"}, "it holds nothing beside the reasoning"},
      {{.body = R"({"choices": [{"message": {"content": null, "reasoning": "hm"}, "finish_reason": "stop"}]})"}, "it holds nothing beside the reasoning"},
  }));
  const TestFolder folder;
  std::vector<std::string> corrections;
  const ChatServer server([&, reply = reply](const ServerRequest& request) {
    const auto messages = nlohmann::json::parse(request.body).at("messages");
    if (messages.size() == 2) return reply;
    if (messages.size() != 4 || messages[2].at("role") != "assistant") return ServerReply{.status = 404, .body = "no correction"};
    corrections.push_back(messages[3].at("content"));
    // The second correction is right, and it answers what the first message asks.
    if (corrections.back().find("(Correction 2 of 2.)") == std::string::npos) return reply;
    ServerRequest first = request;
    first.body = nlohmann::json({{"messages", {messages[0], messages[1]}}}).dump();
    return obedient(first);
  });
  const TeacherConfig config = teacher_at(server, folder);
  for (int run = 0; run < 2; ++run) {
    ChatTeacher teacher(config);
    Collected collected;
    teacher.read(tasks(6), collected.use());
    REQUIRE(collected.lines.size() == 6);
    for (int64_t i = 0; i < 6; ++i) CHECK(collected.lines[i] == twin_line(i, config));
  }
  REQUIRE(corrections.size() >= 12);
  for (const std::string& text : corrections) CHECK_THAT(text, Contains(words));
  CHECK(server.received() == static_cast<int64_t>(corrections.size()) / 2 * 3);  // the second run asked nothing
}

TEST_CASE("a reading whose teacher fails is dropped, with a reason that is counted, and the others are not", "[cpu][chat]") {
  const auto [reply, reason, asked] = GENERATE(table<ServerReply, std::string, int64_t>({
      {told("I see."), "form", 3},
      {told("half", "length"), "cut off", 3},
      {told(""), "empty", 3},
      {told("no", "content_filter"), "content filter", 1},
      {{.status = 400, .body = "{\"error\": {\"message\": \"too long\"}}"}, "refused", 1},
      {{.status = 500, .body = ""}, "no answer", 5},
  }));
  const TestFolder folder;
  std::atomic<int64_t> bad = 0;
  const ChatServer server([&, reply = reply](const ServerRequest& request) {
    if (request.body.find("w4-1 ") == std::string::npos && request.body.find("w7-1 ") == std::string::npos) {
      ServerReply good = obedient(request);
      good.delay = 0.004;  // it goes on answering while the bad ones are tried again
      return good;
    }
    ++bad;
    return reply;
  });
  const TeacherConfig config = teacher_at(server, folder);
  ChatTeacher teacher(config);
  Collected collected;
  teacher.read(tasks(60), collected.use());
  REQUIRE(collected.lines.size() == 60);
  for (int64_t i = 0; i < 60; ++i) CHECK(collected.lines[i] == (i == 4 || i == 7 ? "dropped: " + reason : twin_line(i, config)));
  CHECK(teacher.dropped() == std::map<std::string, int64_t>{{reason, 2}});
  CHECK_THAT(collected.details[4], Contains("t-4 piece 1: "));
  CHECK(bad == 2 * asked);
}

TEST_CASE("a teacher that has to stop hands over what has ended, and goes on from there", "[cpu][chat]") {
  const TestFolder folder;
  int64_t sent_before_stop = 100;
  const ChatServer server([&](const ServerRequest& request) {
    return request.number < sent_before_stop ? obedient(request) : ServerReply{.status = 402, .body = R"({"error": {"message": "Insufficient Balance"}})"};
  });
  const TeacherConfig config = teacher_at(server, folder);
  Collected before, after;
  {
    ChatTeacher teacher(config);
    CHECK_THAT(error_of(teacher, 60, before),
               Contains("the chat teacher stopped: the account has no money left (402: Insufficient Balance). All 100 answers are kept in " + config.cache));
  }
  CHECK(before.lines.size() > 3);
  CHECK(before.lines.size() < 55);
  const int64_t refused = server.received() - 100;
  CHECK(refused <= config.in_flight);
  sent_before_stop = 1000000;
  ChatTeacher teacher(config);
  teacher.read(tasks(60), after.use());
  REQUIRE(after.lines.size() == 60);
  for (int64_t i = 0; i < 60; ++i) CHECK(after.lines[i] == twin_line(i, config));
  for (size_t i = 0; i < before.lines.size(); ++i) CHECK(before.lines[i] == after.lines[i]);
  CHECK(twice(server) <= refused);
}

TEST_CASE("a row without a prompt, and a taker that fails, end the reading", "[cpu][chat]") {
  const TestFolder folder;
  const ChatServer server(obedient);
  ChatTeacher teacher(teacher_at(server, folder));
  Task odd = task_of(0);
  odd.row = "niah-a";
  CHECK_THROWS_WITH(teacher.read([&] { return std::optional<Task>(odd); }, [](const Taught&) {}), Contains("no prompt for the row niah-a"));
  CHECK_THROWS_WITH(teacher.read(tasks(20), [](const Taught&) { throw std::runtime_error("the disk is full"); }), Contains("the disk is full"));
  CHECK(server.received() > 0);
}

TEST_CASE("no tasks, and an empty text", "[cpu][chat]") {
  const TestFolder folder;
  const ChatServer server([](const ServerRequest&) { return told("Target: t\nClues: none yet\nReason: r\nAnswer: nothing\n<STOP>"); });
  ChatTeacher teacher(teacher_at(server, folder));
  int64_t used = 0;
  teacher.read([] { return std::optional<Task>(); }, [&](const Taught&) { ++used; });
  CHECK(used == 0);
  Task empty = task_of(0);
  empty.context.clear();
  teacher.read([&, more = true]() mutable { return std::exchange(more, false) ? std::optional<Task>(empty) : std::nullopt; },
               [&](const Taught& taught) {
                 ++used;
                 CHECK(taught.transcript.answer == "nothing");
               });
  CHECK(used == 1);
}

// ---------------------------------------------------------------------------------------- a dry run

TEST_CASE("a dry run counts requests, tokens and money as the run then has them", "[cpu][chat]") {
  const TestFolder folder;
  const ChatServer server(obedient);
  TeacherConfig config = teacher_at(server, folder);
  config.key_env = "SMOOTH_TEST_NO_SUCH_KEY";  // it needs none
  config.price_in = 2;
  config.price_out = 8;
  const auto whole = [](int64_t count) {  // all is read
    return [next = tasks(count)]() mutable {
      std::optional<Task> task = next();
      if (task) task->early_stop = false;
      return task;
    };
  };
  const ChatEstimate before = estimate(config, whole(50));
  CHECK_FALSE(std::filesystem::exists(config.cache));  // nothing is written
  CHECK(before.readings == 50);
  CHECK(before.answered == 0);
  CHECK(before.tokens_out == 300 * before.requests);
  CHECK(before.money == Approx(2e-6 * static_cast<double>(before.tokens_in) + 8e-6 * static_cast<double>(before.tokens_out)));
  CHECK_THAT(before.words(), Contains("requests for 50 readings") && Contains("An estimate: tokens are Int(1.5 x words)"));
  CHECK(server.received() == 0);

  // Early stops are taken to halve what is read.
  int64_t halves = 0;
  for (int64_t i = 0; i < 50; ++i) {
    const auto pieces = static_cast<int64_t>(chunk(task_of(i).context, config.chunk).size());
    halves += task_of(i).early_stop ? (pieces + 1) / 2 : pieces;
  }
  CHECK(estimate(config, tasks(50)).requests == halves);

  config.key_env.clear();
  {
    ChatTeacher teacher(config);
    teacher.read(whole(20), [](const Taught&) {});
  }
  const int64_t answered = server.received();
  CHECK(answered > 20);
  const ChatEstimate partly = estimate(config, whole(50));
  CHECK(partly.answered == answered);
  CHECK(partly.requests == before.requests - answered);
  CHECK(partly.tokens_in < before.tokens_in);
  {
    ChatTeacher teacher(config);
    teacher.read(whole(50), [](const Taught&) {});
  }
  CHECK(server.received() == before.requests);
  CHECK(estimate(config, whole(50)).requests == 0);

  // The estimate of input is that of the prompts that were sent, but for the length of the summaries.
  int64_t words = 0, later_pieces = 0;
  for (const ServerRequest& request : server.requests()) {
    const nlohmann::json body = nlohmann::json::parse(request.body);
    for (const auto& message : body.at("messages")) words += estimated_tokens(message.at("content").get<std::string>());
    later_pieces += asked_of(request).find("Piece 1 of") == std::string::npos;
  }
  CHECK(std::abs(before.tokens_in - 300 * later_pieces - words) < words / 20);
}

// ------------------------------------------------------------------------------------ kill and restart

// A process of its own: ./tests_data "[.teacher]", told by the environment what to do.
TEST_CASE("a chat teacher to be killed", "[.teacher]") {
  const auto told_by = [](const char* name) -> std::string { return std::getenv(name) ? std::getenv(name) : ""; };
  REQUIRE(!told_by("SMOOTH_TEST_URL").empty());
  TeacherConfig config;
  config.base_url = told_by("SMOOTH_TEST_URL");
  config.model = "teacher";
  config.cache = told_by("SMOOTH_TEST_CACHE");
  config.chunk = 6;
  config.in_flight = std::stoll(told_by("SMOOTH_TEST_IN_FLIGHT"));
  config.key_env = "SMOOTH_TEST_KEY";  // says whose request it is
  config.first_wait = 0.05;
  config.longest_wait = 1;
  Collected collected;
  ChatTeacher(config).read(tasks(std::stoll(told_by("SMOOTH_TEST_READINGS"))), collected.use());
  write_file(told_by("SMOOTH_TEST_OUT"), collected.text());
}

namespace {

// Its requests have the key "life-NUMBER".
pid_t start_teacher(const ChatServer& server, const TestFolder& folder, int64_t readings, int64_t life) {
  ::setenv("SMOOTH_TEST_KEY", ("life-" + std::to_string(life)).c_str(), 1);
  ::setenv("SMOOTH_TEST_URL", server.base_url().c_str(), 1);
  ::setenv("SMOOTH_TEST_CACHE", (folder.path / "cache").c_str(), 1);
  ::setenv("SMOOTH_TEST_OUT", (folder.path / "out.jsonl").c_str(), 1);
  ::setenv("SMOOTH_TEST_IN_FLIGHT", "8", 1);
  ::setenv("SMOOTH_TEST_READINGS", std::to_string(readings).c_str(), 1);
  std::string program = "tests_data", filter = "[.teacher]";
  char* arguments[] = {program.data(), filter.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int error = ::posix_spawn(&process, "/proc/self/exe", &quiet, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&quiet);
  REQUIRE(error == 0);
  return process;
}

// Its exit status, or -1 where it was killed.
int wait_for(pid_t process) {
  int status = 0;
  REQUIRE(::waitpid(process, &status, 0) == process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("killed twenty times, a teacher ends in the same bytes and asks nothing again that it has the answer of", "[cpu][chat]") {
  constexpr int64_t kReadings = 60;
  constexpr int kKills = 20;
  const TestFolder folder;
  const ChatServer server([](const ServerRequest& request) {
    ServerReply reply = obedient(request);
    reply.delay = 0.003;
    return reply;
  });
  Random random(11);
  std::vector<std::set<std::string>> paid;  // what is in the cache when a life begins
  for (int life = 0; life < kKills; ++life) {
    paid.push_back(keys_in(folder.path / "cache"));
    const int64_t until = server.received() + random.randint(0, 20);
    const pid_t process = start_teacher(server, folder, kReadings, life);
    const auto begun = std::chrono::steady_clock::now();
    while (server.received() < until && std::chrono::steady_clock::now() - begun < std::chrono::seconds(60)) ::usleep(200);
    ::usleep(static_cast<useconds_t>(random.below(3000)));
    ::kill(process, SIGKILL);
    wait_for(process);
  }
  paid.push_back(keys_in(folder.path / "cache"));
  REQUIRE(wait_for(start_teacher(server, folder, kReadings, kKills)) == 0);
  const std::set<std::string> all = keys_in(folder.path / "cache");
  CHECK(std::count_if(paid.begin(), paid.end(), [&](const auto& keys) { return !keys.empty() && keys.size() < all.size(); }) > 3);  // lives that went on

  int64_t again = 0;
  const std::vector<ServerRequest> requests = server.requests();
  for (const ServerRequest& request : requests) {
    const std::string label = "Authorization: Bearer life-";
    const size_t life = std::stoul(request.head.substr(request.head.find(label) + label.size()));
    again += paid.at(life).count(AnswerCache::key(request.body));
  }
  CHECK(again == 0);
  // Each kill loses what is in flight, no more.
  CHECK(requests.size() <= all.size() + kKills * 8);

  std::string expected;
  TeacherConfig config = teacher_at(server, folder);
  for (int64_t i = 0; i < kReadings; ++i) expected += twin_line(i, config) + "\n";
  CHECK(read_file(folder.path / "out.jsonl") == expected);
}
