// What is told of whom in the tiny LongBench: "The home of Mara Venn is still the red fox."
#pragma once

#include <string>

#include "data/tiny/context.h"
#include "data/tiny/draws.h"

namespace smooth {

// What a dataset tells of. `kinds`: what its things are; none where it tells of persons.
struct Topic {
  Choices attributes, relations, kinds;
};

// The dataset's own; of the datasets that are its kin, one at random, where kin is wished for.
const Topic& topic_of(const std::string& dataset, Draws& draws);

const Topic& any_topic(Draws& draws);

std::string subject_of(const Topic& topic, Draws& draws);  // a new one: "Mara Venn", "the Venn bank"

struct Fact {
  std::string subject, value;  // "the home of Mara Venn", "the red fox"

  std::string statement() const;  // ends in a full stop
  std::string question() const;   // "What is the home of Mara Venn?"
  std::string clue() const;       // what stands before the value in a clue
  Evidence evidence(int64_t begin, int64_t end) const { return {begin, end, clue(), value}; }
};

Fact fact_of(const std::string& attribute, const std::string& subject, Draws& draws);  // its value is a new pair of words

}  // namespace smooth
