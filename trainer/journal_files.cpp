#include "trainer/journal_files.h"

#include <exception>
#include <iostream>
#include <stdexcept>

#include "configs/run.h"

namespace smooth {

JournalFiles::JournalFiles(const std::filesystem::path& run, bool waits) : run_(run), waits_(waits) {}

void JournalFiles::append(const std::string& file, const std::string& line) {
  lines_.emplace_back(file, line);
  wait_or_throw(flush());
}

void JournalFiles::curves(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  if (!events_) events_ = std::make_unique<EventFile>(run_ / "events", step - 1);
  try {
    events_->scalars(step, values);
  } catch (const std::exception& error) {
    wait_or_throw(error.what());
  }
}

std::string JournalFiles::flush() {
  try {
    for (; !lines_.empty(); lines_.pop_front()) LineFile(run_ / lines_.front().first).append(lines_.front().second);
    if (events_) events_->write();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

void JournalFiles::wait_or_throw(const std::string& trouble) {
  if (!trouble.empty() && !waits_) throw std::runtime_error(trouble);
  if (!trouble.empty() && !told_) std::cerr << "smooth: " << trouble << "; until then it waits in memory, as checkpoint.failure says\n";
  told_ = !trouble.empty();
}

}  // namespace smooth
