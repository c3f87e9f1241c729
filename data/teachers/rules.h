// The rule teachers: each knows the answer and where it lies, so it writes the perfect summary of every chunk.
#pragma once

#include <memory>

#include "data/reading.h"

namespace smooth {

// Of NIAH-A (never stops early) and NIAH-B (stops as soon as it knows).
class RuleTeacher : public Author {
 public:
  explicit RuleTeacher(const Task& task) : task_(task) {}  // keeps a reference
  std::string write(const Turn& turn) override;

 private:
  std::string answer() const;
  const Task& task_;
};

// Of passage count: evidence is a paragraph each, from its "Paragraph k:" to where its first words tell it from all others; subject are
// those words, value is k. Clues list the different ones in the order in which they came.
class CountTeacher : public Author {
 public:
  explicit CountTeacher(const Task& task) : task_(task) {}  // keeps a reference
  std::string write(const Turn& turn) override;

 private:
  const Task& task_;
};

// Of the tiny LongBench: a clue is an evidence's subject and value, or `unknown`. Evidence comes in the order in which it can be known; what
// is not known yet hides what follows it, as whose home is asked for is not known before the mentor's name is.
class ClueTeacher : public Author {
 public:
  explicit ClueTeacher(const Task& task) : task_(task) {}  // keeps a reference
  std::string write(const Turn& turn) override;

 private:
  const Task& task_;
};

// The one whose task it is, by its metric.
std::unique_ptr<Author> rule_teacher(const Task& task);

}  // namespace smooth
