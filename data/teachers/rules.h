// The rule teacher: knows the answer and where it lies, so it writes the perfect summary of every chunk. It builds the
// rows passage count, NIAH-A (never stops early) and NIAH-B (stops as soon as it knows) of Table 5.
#pragma once

#include "data/reading.h"

namespace smooth {

class RuleTeacher : public Author {
 public:
  explicit RuleTeacher(const Task& task) : task_(task) {}  // keeps a reference
  std::string write(const Turn& turn) override;

 private:
  std::string answer() const;
  const Task& task_;
};

}  // namespace smooth
