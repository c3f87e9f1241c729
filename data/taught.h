// The rows that a language model teaches: what it writes is cleaned by the row's metric and kept in every form.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "data/decontamination.h"
#include "data/row.h"
#include "data/teachers/chat.h"

namespace smooth {

// What a task and its sample have to pass.
struct Filters {
  Decontamination decontamination;
  SampleLimit limit;
};

// What became of the tasks of a row.
struct TaughtCounts {
  int64_t tried = 0, kept = 0;
  std::map<std::string, int64_t> dropped;  // why -> how many: "score", "too_long", or what the teacher says (data/teachers/chat_reading.h)
};

// Asks the teacher for one task after another that may be in the set, until the row has its samples or there is no task left. Samples that the files hold
// already are the first that come: the teacher's answers are in its cache, and nothing depends on time.
TaughtCounts teach_row(const Row& row, ChatTeacher& teacher, Filters& filters, RowFiles& files);

// What the teacher would be asked if every answer were kept: requests, tokens and money, in words.
std::string price_row(const Row& row, const TeacherConfig& teacher);

}  // namespace smooth
