// The tiny LongBench: a miniature of each of its sixteen tasks, made by rules, that small models can learn. Records are laid out as
// LongBench's (context, input, answers, labels), so that everything that reads, tells, chunks and scores LongBench does the same here;
// beside each stands what only its maker knows, for the rule teacher. What is asked lies in one or two places of the context, which
// sentences of a small grammar (data/words.h) hide.
//
// A reader that has what it is asked before it finds it by what stands around it: "What is the home of Mara Venn?" and "The home of
// Mara Venn is still the red fox." have the same number of tokens between the name and the value, and a clue says the same, "the home of
// Mara Venn is still the red fox", or that it is still unknown. Small models look things up by such likeness (model/induction.cpp).
#pragma once

#include <string>
#include <vector>

#include "configs/config.h"
#include "data/random.h"
#include "data/sources/longbench.h"
#include "data/task.h"
#include "data/tokenizer.h"

namespace smooth {

struct TinyRecord {
  LongBenchRecord record;
  std::string subject;             // as Task's
  std::vector<Evidence> evidence;  // in the order in which it can be known; begin = end = 0: in `input`. See ClueTeacher
};

// A record of one of LongBench's sixteen tasks. The context has about `length` tokens (as near as whole sentences, passages or examples
// allow); `tokenizer` counts them. All else is drawn from `random`. Subjects and values (names of persons, pairs of words) and the
// sentences around them are of config.split. Throws when what is to be found alone is longer than `length`.
TinyRecord tiny_record(const std::string& dataset, const TinyConfig& config, const Tokenizer& tokenizer, int64_t length, Random& random);

// As LongBench's records are told, with what the rule teacher needs.
Task tiny_task(const std::string& dataset, const TinyRecord& record);

// The task of LongBench whose miniature a row of Table 5 trains on: "govreport" -> "gov_report". Throws for rows that have none, naming those
// that have.
std::string tiny_dataset(const std::string& row);

// One line of DATASET.jsonl.
std::string to_json(const std::string& dataset, const LongBenchRecord& record);

}  // namespace smooth
