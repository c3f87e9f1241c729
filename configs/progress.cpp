// The part of configs/run.h that people read: the progress bar, numbers, and the last message of a
// program.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <iostream>

#include <fmt/format.h>

#include "configs/load.h"
#include "configs/run.h"

namespace smooth {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{10};
constexpr int64_t kBarWidth = 20;

std::atomic<bool> silent = false;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// 1234567 -> "1 234 567"
std::string grouped(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t first = digits[0] == '-';
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, " ");
  return digits;
}

std::string format_rate(double rate) {
  if (rate >= 100) return grouped(std::llround(rate));
  return rate >= 10 ? fmt::format("{:.1f}", rate) : fmt::format("{:.2f}", rate);
}

std::string bar(double share) {
  const auto filled = static_cast<int64_t>(std::floor(share * kBarWidth));
  std::string text(static_cast<size_t>(kBarWidth), ' ');
  for (int64_t i = 0; i < filled; ++i) text[static_cast<size_t>(i)] = '=';
  if (filled < kBarWidth) text[static_cast<size_t>(filled)] = '>';
  return "[" + text + "]";
}

// What fits on one line of the terminal: a longer one would wrap and could not be drawn over.
std::string fitting(std::string text) {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  size_t room = known ? size.ws_col - 1u : 79u;
  if (text.size() <= room) return text;
  while (room > 0 && (static_cast<unsigned char>(text[room]) & 0xc0) == 0x80)
    --room;  // not inside a UTF-8 character
  return text.substr(0, room);
}

}  // namespace

Progress::Progress(std::string label, int64_t total, std::string unit, int64_t done_before)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      done_(done_before),
      start_(done_before),
      terminal_(::isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      drawn_(began_) {
  if (terminal_) draw(false);
}

// Also on the way out of an exception: the state stays on the screen, and the message gets a line
// of its own.
Progress::~Progress() { finish(note_); }

void Progress::advance(int64_t amount, const std::string& note) {
  done_ += amount;
  note_ = note;
  if (Clock::now() - drawn_ >= (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine)))
    draw(false);
}

void Progress::finish(const std::string& note) {
  if (finished_) return;
  finished_ = true;
  note_ = note;
  draw(true);
}

void Progress::draw(bool last) {
  drawn_ = Clock::now();
  const double seconds = seconds_between(began_, drawn_);
  const double rate = seconds > 0 ? static_cast<double>(done_ - start_) / seconds : 0;
  std::string text = label_;
  if (total_ > 0) {
    const double share =
        std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
    if (terminal_) text += " " + bar(share);
    text += fmt::format(" {}/{}  {:.0f} %", done_, total_, std::floor(100 * share));
  } else {
    text += fmt::format(" {}", done_);
  }
  if (rate > 0) text += fmt::format("  {} {}/s", format_rate(rate), unit_);
  if (last) {
    text += fmt::format("  {} in all", format_seconds(seconds));
  } else if (rate > 0 && total_ > done_) {
    text += fmt::format("  {} left", format_seconds(static_cast<double>(total_ - done_) / rate));
  }
  if (!note_.empty()) text += "  " + note_;
  text = terminal_ ? "\r" + fitting(text) + "\x1b[K" + (last ? "\n" : "") : text + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string format_count(double value) {
  static constexpr std::array<const char*, 5> kUnits = {"", "k", "M", "B", "T"};
  size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < kUnits.size()) {  // 999.5 would be printed as 1000
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, kUnits[unit]);
}

std::string format_seconds(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "?";
  const int64_t whole = std::llround(seconds);
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

std::string format_bytes(double bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (std::abs(bytes) >= 1023.95 &&
         unit + 1 < kUnits.size()) {  // 1023.95 would be printed as 1024.0
    bytes /= 1024;
    ++unit;
  }
  std::string number = fmt::format("{:.1f}", bytes);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number + " " + kUnits[unit];
}

void note(const std::string& text) {
  if (!silent) std::cerr << "smooth: " + text + "\n";
}

void be_silent() { silent = true; }

int run_main(const std::function<int()>& body) {
  const auto say = [](const char* message) { fmt::print(stderr, "smooth: {}\n", message); };
  try {
    return body();
  } catch (const ConfigError& error) {
    say(error.what());
    return 2;
  } catch (const std::exception& error) {
    say(error.what());
    return 1;
  } catch (...) {
    say("stopped by something that is not a std::exception");
    return 1;
  }
}

}  // namespace smooth
