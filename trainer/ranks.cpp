#include "trainer/ranks.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "trainer/nccl.h"

namespace smooth {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBeat{1}, kSilence{20};  // how often a rank shows that it lives, and how long it may not
const std::string kLost = "another rank is gone, or cannot be reached any more: ";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int64_t number(const char* name) {
  const std::string text = variable(name);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 9) {
    throw std::runtime_error(std::string(name) + ": expected a number, got '" + text + "'; start the ranks by torchrun or srun");
  }
  return std::stoll(text);
}

// The first line that a command prints.
std::string first_line(const std::string& command) {
  std::array<char, 256> line{};
  FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): the command is ours but for a list of hosts, which is checked
  if (pipe == nullptr) throw std::runtime_error(command + ": cannot be run");
  const bool found = std::fgets(line.data(), line.size(), pipe) != nullptr;
  pclose(pipe);
  std::string text = found ? line.data() : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string first_host(const std::string& nodes) {
  if (nodes.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.,[]") != std::string::npos || nodes.empty()) {
    throw std::runtime_error("SLURM_STEP_NODELIST: expected a list of hosts, got '" + nodes + "'");
  }
  const std::string host = first_line("scontrol show hostnames '" + nodes + "'");
  if (host.empty()) throw std::runtime_error("scontrol show hostnames " + nodes + ": printed nothing, so that the first rank's host is not known");
  return host;
}

}  // namespace

Place Place::from_environment() {
  Place place;
  if (!variable("WORLD_SIZE").empty() || !variable("RANK").empty()) {
    place = {number("RANK"), number("WORLD_SIZE"), number("LOCAL_RANK"), variable("MASTER_ADDR"), number("MASTER_PORT")};
  } else if (!variable("SLURM_STEP_ID").empty() && number("SLURM_STEP_NUM_TASKS") > 1) {
    // Jobs of one machine must not meet at one port.
    const int64_t port = 20000 + number("SLURM_JOB_ID") % 20000;
    place = {number("SLURM_PROCID"), number("SLURM_STEP_NUM_TASKS"), number("SLURM_LOCALID"), first_host(variable("SLURM_STEP_NODELIST")), port};
  }
  if (place.rank >= place.size) {
    throw std::runtime_error("RANK: expected less than WORLD_SIZE, " + std::to_string(place.size) + ", got " + std::to_string(place.rank));
  }
  return place;
}

void Pending::wait() {
  if (finish_) finish_();
  finish_ = nullptr;
}

// The store, the collectives, and a thread that shows the others that this rank lives and sees whether they do.
struct Ranks::Group {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::Backend> backend;
  std::chrono::milliseconds timeout;
  std::atomic<bool> leaving = false, left = false;
  std::atomic<int64_t> rounds = 0;  // of the watch
  std::thread watch, guard;

  ~Group() { leave(); }
  void leave() {
    leaving = true;
    if (watch.joinable()) watch.join();
    left = true;
    if (guard.joinable()) guard.join();
  }
};

namespace {

bool can_be_reached(const Place& place) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found) != 0) return false;
  bool reached = false;
  for (const addrinfo* at = found; at != nullptr && !reached; at = at->ai_next) {
    const int connection = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (connection < 0) continue;
    const timeval longest{.tv_sec = 5, .tv_usec = 0};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    reached = connect(connection, at->ai_addr, at->ai_addrlen) == 0;
    close(connection);
  }
  freeaddrinfo(found);
  return reached;
}

// Until the first rank is there: c10d itself would wait up to three times as long as it was told, and print its stack.
void wait_for_first(const Place& place, milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!can_be_reached(place)) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the first rank is not there");
    std::this_thread::sleep_for(milliseconds(100));
  }
}

c10::intrusive_ptr<c10d::Store> open_store(const Place& place, milliseconds timeout) {
  if (place.rank > 0) wait_for_first(place, timeout);
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(place.port);
  options.isServer = place.rank == 0;
  options.timeout = timeout;
  options.waitWorkers = false;
  return c10::make_intrusive<c10d::TCPStore>(place.host, options);
}

c10::intrusive_ptr<c10d::Backend> open_backend(const c10::intrusive_ptr<c10d::Store>& store, const Place& place, milliseconds timeout, const at::Device& device) {
  if (device.is_cuda()) return open_nccl(store, place.rank, place.size, timeout);
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(place.host == "127.0.0.1" || place.host == "localhost" ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                                                                    : c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(place.rank), static_cast<int>(place.size), options);
}

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

[[noreturn]] void end_with(const Place& place, const std::string& reason) {
  std::cerr << "smooth: rank " << place.rank << " ends: " << reason << std::endl;
  std::_Exit(1);  // another thread may be waiting for the rank that is gone
}

// Beats, and looks for a rank that failed or whose beats have stopped.
void watch_over(const c10::intrusive_ptr<c10d::Store>& store, const Place& place, const std::atomic<bool>& leaving, std::atomic<int64_t>& rounds) {
  std::vector<int64_t> beats(place.size, -1);
  std::vector<std::chrono::steady_clock::time_point> heard(place.size, std::chrono::steady_clock::now());
  try {
    while (!leaving) {
      store->add("beat-" + std::to_string(place.rank), 1);
      if (store->check({"failed"})) end_with(place, text_of(store->get("failed")));
      const auto now = std::chrono::steady_clock::now();
      for (int64_t r = 0; r < place.size; ++r) {
        const int64_t beat = store->add("beat-" + std::to_string(r), 0);
        if (beat != beats[r] || store->check({"left-" + std::to_string(r)})) heard[r] = now;
        beats[r] = beat;
        if (now - heard[r] > kSilence) end_with(place, "rank " + std::to_string(r) + " has not been heard of for " + std::to_string(kSilence.count()) + " seconds");
      }
      ++rounds;
      for (int i = 0; i < 10 && !leaving; ++i) std::this_thread::sleep_for(milliseconds(kBeat) / 10);
    }
    store->set("left-" + std::to_string(place.rank), bytes_of("1"));
  } catch (const c10::Error& error) {
    if (!leaving) end_with(place, std::string("the first rank cannot be reached: ") + error.what_without_backtrace());
  }
}

// The watch itself waits for ever where the first rank's machine is gone without a word. Time in which this process stood still too does not count.
void guard_watch(const Place& place, const std::atomic<bool>& left, const std::atomic<int64_t>& rounds) {
  int64_t seen = -1;
  milliseconds silent{0};
  while (!left) {
    std::this_thread::sleep_for(milliseconds(kBeat) / 10);
    silent = rounds == seen ? silent + milliseconds(kBeat) / 10 : milliseconds(0);
    seen = rounds;
    if (silent > kSilence) end_with(place, "the first rank has not been heard of for " + std::to_string(kSilence.count()) + " seconds");
  }
}

// Waits for a collective. Where it breaks off, another rank was killed or its machine is gone; one that fails says so before it goes.
void wait_for(const c10::intrusive_ptr<c10d::Work>& work) {
  try {
    work->wait();
  } catch (const c10::Error& error) {
    throw std::runtime_error(kLost + error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw std::runtime_error(kLost + error.what());
  }
}

}  // namespace

Ranks::Ranks(const Place& place, const RanksConfig& config, const at::Device& device)
    : place_(place), sent_(place.size, 0), taken_(place.size, 0) {
  if (place.size == 1) return;
  const milliseconds timeout(static_cast<int64_t>(config.timeout * 1000));
  group_ = std::make_unique<Group>();
  group_->timeout = timeout;
  const std::string alone = "rank " + std::to_string(place.rank) + " of " + std::to_string(place.size) + " does not meet the others at " + place.host + ":" +
                            std::to_string(place.port) + ": ";
  try {
    group_->store = open_store(place, timeout);
    group_->backend = open_backend(c10::make_intrusive<c10d::PrefixStore>("collectives", group_->store), place, timeout, device);
  } catch (const c10::Error& error) {
    throw std::runtime_error(alone + error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw std::runtime_error(alone + error.what());
  }
  // A store of its own: another thread's question may be waiting for its answer.
  group_->watch = std::thread(watch_over, group_->store->clone(), place_, std::cref(group_->leaving), std::ref(group_->rounds));
  group_->guard = std::thread(guard_watch, place_, std::cref(group_->left), std::cref(group_->rounds));
  barrier();
}

Ranks::~Ranks() = default;

Pending Ranks::sum(const at::Tensor& x) {
  if (!group_) return {};
  bytes_sent_ += 2 * static_cast<int64_t>(x.nbytes()) * (size() - 1) / size();
  std::vector<at::Tensor> tensors = {x};
  return Pending([work = group_->backend->allreduce(tensors), x] { wait_for(work); });
}

Pending Ranks::scatter_sum(const at::Tensor& own, const at::Tensor& all) {
  if (!group_) return {};
  bytes_sent_ += static_cast<int64_t>(all.nbytes()) * (size() - 1) / size();
  at::Tensor from = all;
  if (all.is_cpu()) {  // Gloo's own sends all parts to all ranks
    at::Tensor parts = at::empty_like(all), to = own;  // [N * n / N] this rank's part, as each rank has it
    std::vector<int64_t> equal;
    return Pending([work = group_->backend->alltoall_base(parts, from, equal, equal), parts, to, all, ranks = size()]() mutable {
      wait_for(work);
      at::sum_out(to, parts.view({ranks, -1}), {0});
    });
  }
  at::Tensor to = own;
  return Pending([work = group_->backend->_reduce_scatter_base(to, from), own, all] { wait_for(work); });
}

Pending Ranks::gather(const at::Tensor& all, const at::Tensor& own) {
  if (!group_) return {};
  bytes_sent_ += static_cast<int64_t>(all.nbytes()) * (size() - 1) / size();
  at::Tensor to = all, from = own.is_cpu() ? own.clone() : own;  // Gloo takes no part of its own output
  return Pending([work = group_->backend->_allgather_base(to, from), all, from] { wait_for(work); });
}

Pending Ranks::send(const at::Tensor& x, int64_t to) {
  bytes_sent_ += static_cast<int64_t>(x.nbytes());
  std::vector<at::Tensor> tensors = {x};
  return Pending([work = group_->backend->send(tensors, static_cast<int>(to), static_cast<int>(sent_[to]++)), x] { wait_for(work); });
}

Pending Ranks::take(const at::Tensor& into, int64_t from) {
  std::vector<at::Tensor> tensors = {into};
  return Pending([work = group_->backend->recv(tensors, static_cast<int>(from), static_cast<int>(taken_[from]++)), into] { wait_for(work); });
}

void Ranks::barrier() {
  if (group_) wait_for(group_->backend->barrier());
}

void Ranks::tell(const std::string& key, const std::string& text) {
  if (group_) group_->store->set(key, bytes_of(text));
}

std::string Ranks::ask(const std::string& key) {
  if (!group_) throw std::logic_error("a rank that is alone asks no other for " + key);
  try {
    group_->store->wait({key}, group_->timeout);
  } catch (const c10::Error& error) {
    throw std::runtime_error(kLost + error.what_without_backtrace());
  }
  return text_of(group_->store->get(key));
}

void Ranks::fail(const std::string& reason) {
  if (!group_) return;
  group_->leave();  // this rank says it itself
  try {
    group_->store->set("failed", bytes_of("rank " + std::to_string(rank()) + " failed first: " + reason));
    std::this_thread::sleep_for(2 * kBeat);  // the store goes with the first rank: the others have to have read it
  } catch (const std::exception&) {  // the first rank is gone, and the others see that themselves
  }
}

}  // namespace smooth
